/** zstd frames, decoded by libzstd on a worker thread. */
import { decompressionError } from "./decompress-error.ts";
import { awaitJob, native } from "./native.ts";
import type { ChunkPull } from "./pull.ts";

/** Bytes that come out at a time. */
const PIECE_SIZE = 1 << 19;
/** Bytes that go in at a time, unless there are fewer, or too many chunks of them. */
const INPUT_SIZE = 1 << 18;
const INPUT_CHUNKS = 1024;
/** The largest window is 2^27 bytes, 128 MiB, as in the zstd command: a frame decides how much memory it takes. */
const WINDOW_LOG = 27;

/** What libzstd calls a window that is too large. */
const TOO_LARGE = "Frame requires too much memory for decoding";

/**
 * Decodes any number of frames; skippable ones give nothing. A piece is decoded when it is asked for.
 *
 * @throws ComposefsError `ERR_COMPOSEFS_BLOB`, rules `zstd`, `zstd-window`, `truncated`
 */
export async function* decodeZstd(pull: ChunkPull, signal?: AbortSignal): AsyncGenerator<Uint8Array> {
	const decoder = native().openZstdDecoder(PIECE_SIZE, WINDOW_LOG);
	for (;;) {
		const input = await gather(pull);
		const ended = input.length === 0;
		for (let fresh = true; ; fresh = false) {
			const chunks = fresh ? input : undefined;
			const { piece, problem } = await awaitJob(() => decoder.decode(chunks, ended), { signal });
			if (problem !== undefined) throw zstdError(problem);
			if (piece === undefined) break;
			yield piece;
		}
		if (ended) return;
	}
}

/** The next chunks of the source; none at its end. */
async function gather(pull: ChunkPull): Promise<Uint8Array[]> {
	const chunks: Uint8Array[] = [];
	for (let size = 0; size < INPUT_SIZE && chunks.length < INPUT_CHUNKS; ) {
		const chunk = await pull.next();
		if (chunk === undefined) break;
		chunks.push(chunk);
		size += chunk.length;
	}
	return chunks;
}

function zstdError(problem: string): Error {
	if (problem === "truncated") return decompressionError("truncated", "zstd: the last frame is not complete");
	if (problem === TOO_LARGE)
		return decompressionError("zstd-window", "zstd: the window of a frame is too large", 2 ** WINDOW_LOG);
	return decompressionError("zstd", `zstd: ${problem}`);
}
