/** What a file holds, in pieces. */

/** A run of zeros that is not spelled out: its length in bytes. */
export interface Hole {
	readonly hole: number;
}

export type ContentChunk = Uint8Array | Hole;
