/** Compressed bytes, whatever compressed them. */
import { decompressionError } from "./decompress-error.ts";
import { argumentError } from "./errors.ts";
import { decodeGzip, gunzipPiece } from "./gunzip.ts";
import { type ChunkPull, type ChunkSource, transform } from "./pull.ts";
import { decodeZstd, decodeZstdPiece } from "./zstd.ts";

export interface DecompressOptions {
	readonly signal?: AbortSignal | undefined;
	/** Most bytes that may come out. Default: no limit */
	readonly limit?: number | undefined;
}

const GZIP_MAGIC = 0x1f8b;
const ZSTD_MAGIC = 0xfd2fb528;
/** The last four bits may be anything. */
const ZSTD_SKIPPABLE_MAGIC = 0x184d2a50;

/**
 * Decompresses gzip (any number of members) and zstd (any number of frames), told by their first bytes; what is
 * neither comes out as it is. The work is done on other threads, a little ahead of who uses it, and no more than that:
 * what is not asked for is not decompressed. gzip works without the addon.
 *
 * @throws ComposefsError `ERR_COMPOSEFS_BLOB`, rules `truncated`, `gzip`, `zstd`, `zstd-window`, `output-limit`; what
 *   the source throws; the signal's reason
 */
export async function* decompress(
	source: ChunkSource,
	{ signal, limit = Number.POSITIVE_INFINITY }: DecompressOptions = {},
): AsyncGenerator<Uint8Array> {
	if (!(limit >= 0)) {
		const text = `limit is a number of bytes, not ${limit}`;
		throw argumentError(text, { rule: "limit" });
	}
	let size = 0;
	for await (const piece of transform(source, signal, decode)) {
		size += piece.length;
		if (size > limit) throw decompressionError("output-limit", "more comes out than may", limit);
		yield piece;
	}
}

/**
 * Decompresses bytes that are all there, to about `size` bytes: for many small pieces, each of which would take longer to
 * make a stream of. May be ended early.
 *
 * @throws as `decompress`
 */
export async function* decompressPiece(
	bytes: Uint8Array,
	size: number,
	signal?: AbortSignal,
): AsyncGenerator<Uint8Array> {
	signal?.throwIfAborted();
	const head = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(4, bytes.length));
	if (isZstd(head)) yield* decodeZstdPiece(bytes, size, signal);
	else {
		const isGzip = head.length >= 2 && head.readUInt16BE(0) === GZIP_MAGIC;
		const whole = isGzip ? await gunzipPiece(bytes, size) : undefined;
		// What is wrong with the bytes, the stream says.
		if (whole === undefined) yield* decompress([bytes], { signal });
		else yield whole;
	}
}

async function* decode(pull: ChunkPull, signal: AbortSignal): AsyncGenerator<Uint8Array> {
	const head = await pull.peek(4);
	if (head.length >= 2 && head.readUInt16BE(0) === GZIP_MAGIC) yield* decodeGzip(pull);
	else if (isZstd(head)) yield* decodeZstd(pull, signal);
	else yield* plain(pull);
}

function isZstd(head: Buffer): boolean {
	if (head.length < 4) return false;
	const magic = head.readUInt32LE(0);
	return magic === ZSTD_MAGIC || (magic & 0xfffffff0) >>> 0 === ZSTD_SKIPPABLE_MAGIC;
}

async function* plain(pull: ChunkPull): AsyncGenerator<Uint8Array> {
	for (;;) {
		const chunk = await pull.next();
		if (chunk === undefined) return;
		yield chunk;
	}
}
