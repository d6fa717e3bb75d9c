/** Blobs: bytes outside, such as a layer of an image, that can be read as a whole or in ranges. */
import { stat } from "node:fs/promises";
import { untilAbort } from "./abort.ts";
import { abortable } from "./abortable.ts";
import { argumentError, ComposefsError } from "./errors.ts";
import { type FilePath, pathToBytes, pathToString } from "./file-path.ts";
import { readStream } from "./open-file.ts";
import { Slices } from "./slices.ts";
import { systemCall } from "./system-call.ts";

/** Bytes `start` to `end`, the latter not included. */
export interface ByteRange {
	readonly start: number;
	readonly end: number;
}

export interface BlobReadOptions {
	/** Default: all of the blob */
	readonly range?: ByteRange | undefined;
	readonly signal?: AbortSignal | undefined;
}

/** Where a blob comes from: a file, memory, a registry, or a transport of the caller's own. */
export interface BlobSource {
	/** What errors call it. */
	readonly name: string;
	/** Bytes of the whole blob. */
	size(options?: { readonly signal?: AbortSignal | undefined }): Promise<number>;
	/**
	 * The bytes, in pieces of any length, which the source must not use again. The reader has to notice if it ends
	 * too early: whatever comes is checked by its digest.
	 */
	read(options?: BlobReadOptions): AsyncIterable<Uint8Array>;
	/**
	 * Several ranges in one request, ascending and apart, each announced before its bytes; a source without it is
	 * asked for each by itself.
	 */
	readRanges?(
		ranges: readonly ByteRange[],
		options?: { readonly signal?: AbortSignal | undefined },
	): AsyncIterable<RangePiece>;
	/** Whether it has been asked for a range, and had all of the blob sent: ranges are better asked for together then. */
	readonly ignoresRanges?: boolean;
}

/** Bytes of a blob, and where in it they stand. */
export interface RangePiece {
	readonly offset: number;
	readonly bytes: Uint8Array;
}

const READ_SIZE = 1 << 18;

/** A blob that is a file. */
export function fileBlob(path: FilePath): BlobSource {
	const place = Buffer.from(pathToBytes(path));
	const name = pathToString(path);
	return {
		name,
		size: async () => (await systemCall(stat(place), name)).size,
		read: async function* ({ range, signal } = {}) {
			signal?.throwIfAborted();
			if (range !== undefined && range.end <= range.start) return;
			const limits = range && { start: range.start, end: range.end - 1 };
			yield* readStream(place, { ...limits, highWaterMark: READ_SIZE }, signal);
		},
	};
}

/** A blob in memory. */
export function bytesBlob(bytes: Uint8Array, name = "bytes"): BlobSource {
	if (!(bytes instanceof Uint8Array))
		throw argumentError("a blob in memory is a Uint8Array", { rule: "blob" });
	return {
		name,
		size: async () => bytes.length,
		read: async function* ({ range, signal } = {}) {
			yield* inPieces(bytes.subarray(range?.start, range?.end), signal);
		},
	};
}

/** As a file comes: who hashes or unpacks the pieces gives way to the event loop between them. */
async function* inPieces(
	bytes: Uint8Array,
	signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array, void, undefined> {
	const slices = new Slices(signal);
	for (let at = 0; at < bytes.length; at += READ_SIZE) {
		yield bytes.subarray(at, at + READ_SIZE);
		if (slices.isOver()) await slices.next();
	}
}

/** What callers without types get wrong. @throws ComposefsError `ERR_COMPOSEFS_ARGUMENT`, rule `blob` */
export function checkIsBlob(blob: BlobSource): void {
	if (typeof blob?.read === "function" && typeof blob.size === "function") return;
	const text = "a blob is what fileBlob(path) or bytesBlob(bytes) gives, or one's own with read and size";
	throw argumentError(text, { rule: "blob" });
}

/** Bytes of a whole blob, waited for no longer than the signal lets. */
export function sizeOfBlob(blob: BlobSource, signal: AbortSignal | undefined): Promise<number> {
	return untilAbort(Promise.resolve(blob.size({ signal })), signal);
}

/** All bytes of a range, or of a whole blob of at most `limit` bytes, in one piece. */
export async function readBlob(
	blob: BlobSource,
	options: BlobReadOptions & { readonly limit: number },
): Promise<Buffer> {
	const { range, signal, limit } = options;
	const pieces: Uint8Array[] = [];
	let size = 0;
	for await (const piece of abortable(blob.read({ range, signal }), signal)) {
		size += piece.length;
		if (size > limit) {
			const text = `${blob.name}: more than ${limit} bytes`;
			throw new ComposefsError("ERR_COMPOSEFS_BLOB", text, { rule: "blob-size", limit });
		}
		pieces.push(piece);
	}
	signal?.throwIfAborted();
	return Buffer.concat(pieces, size);
}
