/** What files hold: in pieces, by its name, and as a store has it. */

/** Files of up to so many bytes are in the image itself: LCFS_RECOMMENDED_INLINE_CONTENT_MAX. */
export const INLINE_SIZE = 64;

/** A run of zeros that is not spelled out: its length in bytes. */
export interface Hole {
	readonly hole: number;
}

export type ContentChunk = Uint8Array | Hole;

/** Content as a table of contents names it. */
export interface ContentName {
	/** 64 lower-case hexadecimal digits */
	readonly sha256: string;
	/** Bytes */
	readonly size: number;
}

/** Content that a store has. */
export interface StoredContent {
	/** fs-verity digest, 64 lower-case hexadecimal digits */
	readonly digest: string;
	/** Of the object, within the store */
	readonly path: string;
}

/** Content that is there: bytes, if images have it inline, or an object. */
export type FoundContent = Uint8Array | StoredContent;
