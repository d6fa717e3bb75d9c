/** Work on many things at once, but not on all of them. */
import { availableParallelism } from "node:os";
import { argumentError } from "./errors.ts";

const LIBUV_THREADS = 4;

/** Jobs of the addon that can run at once. */
export const MOST_JOBS: number = Math.min(availableParallelism(), LIBUV_THREADS);

/** So many pieces of work at a time, whoever has them; the others wait for their turn, in order. */
export class Slots {
	#free: number;
	readonly #waiting: (() => void)[] = [];

	constructor(count: number) {
		this.#free = count;
	}

	async run<T>(work: () => Promise<T>): Promise<T> {
		if (this.#free > 0) this.#free--;
		else
			await new Promise<void>((resolve) => {
				this.#waiting.push(resolve);
			});
		try {
			return await work();
		} finally {
			// Handed on, so that nobody who comes now is served first.
			const next = this.#waiting.shift();
			if (next === undefined) this.#free++;
			else next();
		}
	}
}

/** @throws ComposefsError `ERR_COMPOSEFS_ARGUMENT`, rule `parallel`: nothing would ever be begun, or all at once */
export function checkParallel(parallel: number, things: string): void {
	if (Number.isInteger(parallel) && parallel >= 1) return;
	throw argumentError(`parallel is ${parallel}, not a number of ${things}`, { rule: "parallel" });
}

/**
 * Calls `work` for each item, at most `limit` at a time, in order. The first failure ends it: no further item is
 * begun, what has begun is awaited, then the promise is rejected. `work` is told by the signal.
 *
 * @throws what `work` throws first; the reason of `signal`
 */
export async function forEachParallel<T>(
	items: Iterable<T> | AsyncIterable<T>,
	limit: number,
	work: (item: T, signal: AbortSignal) => Promise<void>,
	signal?: AbortSignal,
): Promise<void> {
	signal?.throwIfAborted();
	const failure = new AbortController();
	const either = signal === undefined ? failure.signal : AbortSignal.any([signal, failure.signal]);
	const running = new Set<Promise<void>>();
	const begin = (item: T) => {
		const run: Promise<void> = work(item, either)
			.catch((error) => failure.abort(error))
			.finally(() => running.delete(run));
		running.add(run);
	};
	try {
		for await (const item of items) {
			if (either.aborted) break;
			begin(item);
			while (running.size >= limit && !either.aborted) await Promise.race(running);
			if (either.aborted) break;
		}
	} catch (error) {
		failure.abort(error);
	}
	await Promise.all(running);
	either.throwIfAborted();
}
