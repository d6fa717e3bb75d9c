/** Waiting for a signal: with one listener, however many wait. From the eleventh on, Node warns of a leak. */

interface Waiting {
	readonly waiters: Set<() => void>;
	readonly tellAll: () => void;
}

const waitingFor = new WeakMap<AbortSignal, Waiting>();

/**
 * Calls `run` when the signal aborts; not if it has already.
 *
 * @returns forgets about it
 */
export function onAbort(signal: AbortSignal | undefined, run: () => void): () => void {
	// Null too, as callers of fetch may have it.
	if (!signal || signal.aborted) return () => {};
	const { waiters, tellAll } = waitingFor.get(signal) ?? listen(signal);
	// A function of its own: two may wait with the same one.
	const waiter = () => run();
	waiters.add(waiter);
	return () => {
		if (!waiters.delete(waiter) || waiters.size > 0) return;
		signal.removeEventListener("abort", tellAll);
		waitingFor.delete(signal);
	};
}

/**
 * What a promise comes to, waited for no longer than the signal lets. For promises of somebody else's, who may be told
 * by the same signal and yet leave them open.
 *
 * @throws what the promise is rejected with; the reason of the signal
 */
export function untilAbort<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
	return new Promise((resolve, reject) => {
		const abort = () => reject(signal?.reason);
		if (signal?.aborted) abort();
		const forget = onAbort(signal, abort);
		promise.then(resolve, reject).finally(forget);
	});
}

/** For what listens to its signal by itself, as timers and children of node do. It aborts with the given one, until `forget`. */
export function follow(signal: AbortSignal | undefined): {
	readonly signal: AbortSignal;
	readonly forget: () => void;
} {
	const own = new AbortController();
	if (signal?.aborted) own.abort();
	const forget = onAbort(signal, () => own.abort());
	return { signal: own.signal, forget };
}

function listen(signal: AbortSignal): Waiting {
	const waiters = new Set<() => void>();
	const tellAll = () => {
		for (const waiter of waiters) waiter();
	};
	const waiting = { waiters, tellAll };
	waitingFor.set(signal, waiting);
	signal.addEventListener("abort", tellAll, { once: true });
	return waiting;
}
