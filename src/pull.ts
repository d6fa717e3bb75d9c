/** Chunks of bytes from any source, one at a time. */
import { AbortableIterator } from "./abortable.ts";
import { argumentError, type ComposefsError } from "./errors.ts";
import { Slices } from "./slices.ts";

/** Where bytes come from: a stream, an array, a generator. It must not reuse what it gave out. */
export type ChunkSource = AsyncIterable<Uint8Array> | Iterable<Uint8Array>;

/**
 * Asks a source for its chunks. A source that never waits does not stall the event loop, and one that waits for
 * ever is given up when the signal aborts.
 */
export class ChunkPull {
	readonly #iterator: AbortableIterator<Uint8Array>;
	readonly #slices: Slices;
	#putBack: Buffer | undefined;

	/** @throws the signal's reason; ComposefsError `ERR_COMPOSEFS_ARGUMENT`, if the source is none. */
	constructor(source: ChunkSource, signal?: AbortSignal) {
		this.#slices = new Slices(signal);
		this.#iterator = new AbortableIterator(iterate(source), signal);
	}

	/** True if it is time to call `pause`. */
	get mustPause(): boolean {
		return this.#slices.isOver();
	}

	/** Gives way to the event loop. Throws the signal's reason. */
	pause(): Promise<void> {
		return this.#slices.next();
	}

	/** The next chunk that is not empty; undefined at the end. Throws what the source throws. */
	async next(): Promise<Buffer | undefined> {
		for (;;) {
			if (this.#slices.isOver()) await this.#slices.next();
			if (this.#putBack !== undefined) return this.#takeBack();
			const { done, value } = await this.#iterator.next();
			if (done) return undefined;
			if (!(value instanceof Uint8Array)) throw wrongSource("a source gives Uint8Arrays", value);
			if (value.length > 0) return Buffer.from(value.buffer, value.byteOffset, value.length);
		}
	}

	/** At least `length` bytes if there are so many, which come again with the next chunk. */
	async peek(length: number): Promise<Buffer> {
		let head: Buffer = (await this.next()) ?? Buffer.alloc(0);
		while (head.length < length) {
			const chunk = await this.next();
			if (chunk === undefined) break;
			head = Buffer.concat([head, chunk]);
		}
		if (head.length > 0) this.#putBack = head;
		return head;
	}

	/** Lets the source go, at its end or before. */
	async close(): Promise<void> {
		await this.#iterator.return();
	}

	/** The same after a failure, which counts more than what the source then throws. */
	async abandon(): Promise<void> {
		await this.#iterator.return().catch(() => undefined);
	}

	#takeBack(): Buffer | undefined {
		const chunk = this.#putBack;
		this.#putBack = undefined;
		return chunk;
	}
}

/**
 * What `work` makes of a source, piece by piece. When it ends, or its user leaves it, or the signal aborts, the work is
 * stopped before the source is let go: what is under way may wait for the source.
 *
 * @throws what the work throws, which counts more than what the source throws when it is let go
 */
export async function* transform(
	source: ChunkSource,
	signal: AbortSignal | undefined,
	work: (pull: ChunkPull, signal: AbortSignal) => AsyncGenerator<Uint8Array>,
): AsyncGenerator<Uint8Array> {
	const stop = new AbortController();
	const either = signal === undefined ? stop.signal : AbortSignal.any([signal, stop.signal]);
	const pull = new ChunkPull(source, either);
	let pieces: AsyncGenerator<Uint8Array> | undefined;
	try {
		pieces = work(pull, either);
		for (;;) {
			const { done, value } = await pieces.next();
			if (done) return;
			yield value;
		}
	} catch (error) {
		stop.abort();
		await pull.abandon();
		throw error;
	} finally {
		stop.abort();
		await pieces?.return(undefined);
		await pull.close();
	}
}

function iterate(source: ChunkSource): AsyncIterator<Uint8Array> | Iterator<Uint8Array> {
	if (source !== null && typeof source === "object") {
		if (Symbol.asyncIterator in source) return source[Symbol.asyncIterator]();
		if (Symbol.iterator in source) return source[Symbol.iterator]();
	}
	throw wrongSource("a source of bytes is an iterable of Uint8Arrays", source);
}

function wrongSource(rule: string, actual: unknown): ComposefsError {
	const text = `${rule}, not ${actual === null ? "null" : typeof actual}`;
	return argumentError(text, { rule: "source" });
}
