/** What a store is given, and what it tells of it. */
import type { ContentChunk } from "../content.ts";
import type { FileIdentity, FileSource } from "../file-path.ts";

export interface StoredObject {
	/** fs-verity digest, 64 hexadecimal digits. */
	readonly digest: string;
	/** In the store, such as `ab/cdef…`. */
	readonly path: string;
	/** Bytes */
	readonly size: number;
	/** Whether the store had it already. */
	readonly existed: boolean;
}

export interface PutOptions {
	readonly signal?: AbortSignal | undefined;
	/** Of a file: it must be this one, before and after it is read. */
	readonly identity?: FileIdentity | undefined;
	/** Bytes that the content must have, if it is no file. */
	readonly size?: number | undefined;
}

/** Bytes; a file; or pieces, which must not change before the promise settles. */
export type Content = Uint8Array | FileSource | AsyncIterable<ContentChunk> | Iterable<ContentChunk>;

export interface ObjectStat {
	/** Bytes */
	readonly size: number;
	/** Bytes that it takes on disk. */
	readonly stored: number;
	/** With the fraction, as `fs.Stats` has it. */
	readonly mtimeMs: number;
}
