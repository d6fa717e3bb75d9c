/** zstd frames, decoded by libzstd on a worker thread. */
import { decompressionError } from "./decompress-error.ts";
import { awaitJob, callNative, type NativeZstdDecoder } from "./native.ts";
import type { ChunkPull } from "./pull.ts";
import { readAhead } from "./read-ahead.ts";

/** Bytes that come out at a time; the addon gives a few of these in one go. */
const PIECE_SIZE = 1 << 19;
/** Bytes that wait to go in. */
const INPUT_SIZE = 1 << 20;
/** How often the addon is asked ahead of the consumer. */
const AHEAD = 2;
/** The largest window is 2^27 bytes, 128 MiB, as in the zstd command: a frame decides how much memory it takes. */
const WINDOW_LOG = 27;

/** What libzstd calls a window that is too large. */
const TOO_LARGE = "Frame requires too much memory for decoding";

/**
 * Decodes any number of frames; skippable ones give nothing. Runs a little ahead, so the signal must abort before
 * this is ended early.
 *
 * @throws ComposefsError `ERR_COMPOSEFS_BLOB`, rules `zstd`, `zstd-window`, `truncated`
 */
export async function* decodeZstd(pull: ChunkPull, signal: AbortSignal): AsyncGenerator<Uint8Array> {
	for await (const pieces of readAhead(decodeBatches(pull, signal), AHEAD)) yield* pieces;
}

/** Less would be many pieces. */
const MIN_PIECE_SIZE = 1 << 12;

/**
 * Decodes frames that are all there, of about `size` bytes. May be ended early.
 *
 * @throws as `decodeZstd`
 */
export async function* decodeZstdPiece(
	bytes: Uint8Array,
	size: number,
	signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array> {
	const pieceSize = Math.min(PIECE_SIZE, Math.max(MIN_PIECE_SIZE, size));
	const decoder = callNative((addon) => addon.openZstdDecoder(pieceSize, WINDOW_LOG));
	try {
		callNative(() => decoder.feed(bytes));
		for (;;) {
			const batch = await awaitJob(() => decoder.decode(true), { signal });
			yield* batch.pieces;
			if (batch.problem !== undefined) throw zstdError(batch.problem);
			if (batch.ended) return;
		}
	} finally {
		decoder.close();
	}
}

async function* decodeBatches(pull: ChunkPull, signal: AbortSignal): AsyncGenerator<readonly Uint8Array[]> {
	const decoder = callNative((addon) => addon.openZstdDecoder(PIECE_SIZE, WINDOW_LOG));
	const feed = new Feed(pull, decoder);
	void feed.run();
	try {
		for (let hungry = true; ; ) {
			if (hungry) await feed.more();
			const batch = await awaitJob(() => decoder.decode(feed.ended), { signal });
			feed.goOn();
			yield batch.pieces;
			if (batch.problem !== undefined) throw zstdError(batch.problem);
			if (batch.ended) return;
			hungry = batch.hungry;
		}
	} finally {
		decoder.close();
	}
}

/** Gives a source's chunks to a decoder, whatever that does meanwhile: neither waits for the other without need. */
class Feed {
	readonly #pull: ChunkPull;
	readonly #decoder: NativeZstdDecoder;
	#wakeReader: (() => void) | undefined;
	#wakeDecoder: (() => void) | undefined;
	#failure: { readonly reason: unknown } | undefined;
	/** The source has given all. */
	ended = false;

	constructor(pull: ChunkPull, decoder: NativeZstdDecoder) {
		this.#pull = pull;
		this.#decoder = decoder;
	}

	/** Reads to the end of the source. What that throws, `more` throws. */
	async run(): Promise<void> {
		try {
			for (;;) {
				while (this.#decoder.waiting() >= INPUT_SIZE) await this.#room();
				const chunk = await this.#pull.next();
				if (chunk === undefined) break;
				callNative(() => this.#decoder.feed(chunk));
				this.#wakeDecoder?.();
			}
			this.ended = true;
		} catch (reason) {
			this.#failure = { reason };
		}
		this.#wakeDecoder?.();
	}

	/** Waits until something waits to be decoded, or nothing will. */
	async more(): Promise<void> {
		while (!this.ended && this.#decoder.waiting() === 0) {
			if (this.#failure !== undefined) throw this.#failure.reason;
			await new Promise<void>((resolve) => {
				this.#wakeDecoder = resolve;
			});
		}
	}

	/** The decoder has taken what waited. */
	goOn(): void {
		this.#wakeReader?.();
	}

	#room(): Promise<void> {
		return new Promise((resolve) => {
			this.#wakeReader = resolve;
		});
	}
}

function zstdError(problem: string): Error {
	if (problem === "truncated") return decompressionError("truncated", "zstd: the last frame is not complete");
	if (problem === TOO_LARGE)
		return decompressionError("zstd-window", "zstd: the window of a frame is too large", 2 ** WINDOW_LOG);
	return decompressionError("zstd", `zstd: ${problem}`);
}
