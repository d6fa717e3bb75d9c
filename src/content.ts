/** What a file's content comes in. */

/** Bytes of zeros that nobody has to hold, hash or write. */
export interface Hole {
	readonly hole: number;
}

/** A piece of content: bytes, which their source does not use again, or a hole. */
export type ContentChunk = Uint8Array | Hole;
