/** Work on many things at once, but not on all of them. */

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
