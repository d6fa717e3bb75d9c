/** Chunks of bytes from any source, one at a time. */
import { onAbort } from "./abort.ts";
import { argumentError, type ComposefsError } from "./errors.ts";
import { Slices } from "./slices.ts";

/** Where bytes come from: a stream, an array, a generator. What it has given out it may not use again. */
export type ChunkSource = AsyncIterable<Uint8Array> | Iterable<Uint8Array>;

/**
 * Asks a source for its chunks. A source that never waits does not stall the event loop, and one that waits for
 * ever is given up when the signal aborts.
 */
export class ChunkPull {
	readonly #iterator: AsyncIterator<Uint8Array> | Iterator<Uint8Array>;
	readonly #signal: AbortSignal | undefined;
	readonly #slices: Slices;
	#rejectPending: ((reason: unknown) => void) | undefined;
	#ended = false;
	#putBack: Buffer | undefined;
	readonly #forget: () => void;

	/** @throws the signal's reason; ComposefsError `ERR_COMPOSEFS_ARGUMENT`, if the source is none. */
	constructor(source: ChunkSource, signal?: AbortSignal) {
		this.#slices = new Slices(signal);
		this.#iterator = iterate(source);
		this.#signal = signal;
		this.#forget = onAbort(signal, () => this.#rejectPending?.(signal?.reason));
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
			if (this.#ended) return undefined;
			const { done, value } = await this.#step();
			if (done) {
				this.#ended = true;
				return undefined;
			}
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
		this.#forget();
		if (this.#ended) return;
		this.#ended = true;
		const closing = this.#iterator.return?.();
		// A generator that still waits answers when it has waited: nobody is kept for that.
		if (this.#rejectPending === undefined) await closing;
		else Promise.resolve(closing).catch(() => undefined);
	}

	#takeBack(): Buffer | undefined {
		const chunk = this.#putBack;
		this.#putBack = undefined;
		return chunk;
	}

	async #step(): Promise<IteratorResult<Uint8Array>> {
		if (this.#signal === undefined) return this.#iterator.next();
		this.#signal.throwIfAborted();
		// Not Promise.race: it would leave a reaction on the signal's promise for every chunk.
		const result = await new Promise<IteratorResult<Uint8Array>>((resolve, reject) => {
			// First, for the source may abort the signal while it is asked.
			this.#rejectPending = reject;
			const step = this.#iterator.next();
			if ("then" in step) step.then(resolve, reject);
			else resolve(step);
		});
		this.#rejectPending = undefined;
		return result;
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
