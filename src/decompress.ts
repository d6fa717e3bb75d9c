/** Compressed bytes, whatever compressed them. */
import { compressionOf } from "./compression.ts";
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
	const compression = compressionOf(bytes);
	if (compression === "zstd") yield* decodeZstdPiece(bytes, size, signal);
	else {
		const whole = compression === "gzip" ? await gunzipPiece(bytes, size) : undefined;
		// What is wrong with the bytes, the stream says.
		if (whole === undefined) yield* decompress([bytes], { signal });
		else yield whole;
	}
}

async function* decode(pull: ChunkPull, signal: AbortSignal): AsyncGenerator<Uint8Array> {
	const compression = compressionOf(await pull.peek(4));
	if (compression === "gzip") yield* decodeGzip(pull);
	else if (compression === "zstd") yield* decodeZstd(pull, signal);
	else yield* plain(pull);
}

async function* plain(pull: ChunkPull): AsyncGenerator<Uint8Array> {
	for (;;) {
		const chunk = await pull.next();
		if (chunk === undefined) return;
		yield chunk;
	}
}
