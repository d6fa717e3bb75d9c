/** zstd frames, made by libzstd on a worker thread. */
import { argumentError } from "./errors.ts";
import { awaitJob, callNative, type NativeZstdEncoder } from "./native.ts";
import { type ChunkPull, type ChunkSource, transform } from "./pull.ts";
import { readAhead } from "./read-ahead.ts";

export interface CompressOptions {
	/** 1 to 22, as libzstd has them. Default: 3 */
	readonly level?: number | undefined;
	readonly signal?: AbortSignal | undefined;
}

const DEFAULT_LEVEL = 3;
const MAX_LEVEL = 22;
/** Bytes of one job. */
const BATCH = 1 << 20;

/**
 * Compresses bytes into one zstd frame, which the bytes, the level and libzstd's version decide, not how they come.
 * The work is done on another thread, a little ahead of who uses it.
 *
 * @throws ComposefsError `ERR_COMPOSEFS_ARGUMENT`; what the source throws; the signal's reason
 */
export async function* compress(
	source: ChunkSource,
	options: CompressOptions = {},
): AsyncGenerator<Uint8Array> {
	const { signal } = options;
	const level = checkLevel(options.level);
	const encodeAhead = (pull: ChunkPull, stop: AbortSignal) =>
		readAhead(encode(pull, new FrameWriter(level, stop)), 1);
	for await (const piece of transform(source, signal, encodeAhead)) if (piece.length > 0) yield piece;
}

async function* encode(pull: ChunkPull, frame: FrameWriter): AsyncGenerator<Uint8Array> {
	try {
		for (let chunk = await pull.next(); chunk !== undefined; chunk = await pull.next()) {
			frame.add(chunk);
			if (frame.isFull) yield await frame.send();
		}
		yield await frame.end();
	} finally {
		frame.close();
	}
}

/** @throws ComposefsError `ERR_COMPOSEFS_ARGUMENT` */
export function checkLevel(level: number = DEFAULT_LEVEL): number {
	if (Number.isInteger(level) && level >= 1 && level <= MAX_LEVEL) return level;
	const text = `level is a whole number from 1 to ${MAX_LEVEL}, not ${level}`;
	throw argumentError(text, { rule: "level" });
}

/** One frame. What is added must not change before it is sent. Close it, lest it take memory until it is collected. */
export class FrameWriter {
	readonly #encoder: NativeZstdEncoder;
	readonly #signal: AbortSignal | undefined;
	#gathered: Uint8Array[] = [];
	#size = 0;

	constructor(level: number, signal?: AbortSignal) {
		this.#encoder = callNative((addon) => addon.openZstdEncoder(level));
		this.#signal = signal;
	}

	add(bytes: Uint8Array): void {
		this.#gathered.push(bytes);
		this.#size += bytes.length;
	}

	/** True if it is time to send. */
	get isFull(): boolean {
		return this.#size >= BATCH;
	}

	/** Compresses what was added. One call at a time. @returns what is ready of the frame */
	send(): Promise<Buffer> {
		return this.#encode(false);
	}

	/** The same, and ends the frame. */
	end(): Promise<Buffer> {
		return this.#encode(true);
	}

	/** Frees what an unfinished frame takes. */
	close(): void {
		this.#encoder.close();
	}

	#encode(end: boolean): Promise<Buffer> {
		const pieces = this.#gathered;
		this.#gathered = [];
		this.#size = 0;
		return awaitJob(() => this.#encoder.encode(pieces, end), { signal: this.#signal });
	}
}
