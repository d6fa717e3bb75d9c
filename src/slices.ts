/** Long work on this thread, in slices: between them the event loop goes on. */
import { setImmediate as nextTurn } from "node:timers/promises";

/** Milliseconds of a slice. */
const SLICE_MS = 4;

/** For work that is done in a loop of its own: `if (slices.isOver()) await slices.next()`. */
export class Slices {
	readonly #signal: AbortSignal | undefined;
	#end = performance.now() + SLICE_MS;

	constructor(signal?: AbortSignal) {
		signal?.throwIfAborted();
		this.#signal = signal;
	}

	isOver(): boolean {
		return performance.now() >= this.#end;
	}

	/** Gives way to the event loop. Throws the signal's reason. */
	async next(): Promise<void> {
		await nextTurn();
		this.#signal?.throwIfAborted();
		this.#end = performance.now() + SLICE_MS;
	}
}

/**
 * Runs steps to their end, giving way to the event loop every few milliseconds; a step should take far less.
 *
 * @returns what the steps return
 * @throws what they throw; the signal's reason, looked at between slices
 */
export async function runInSlices<T>(
	steps: Generator<unknown, T, undefined>,
	signal?: AbortSignal,
): Promise<T> {
	const slices = new Slices(signal);
	for (;;) {
		const { done, value } = steps.next();
		if (done) return value as T;
		if (slices.isOver()) await slices.next();
	}
}
