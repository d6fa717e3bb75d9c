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
	if (signal === undefined || signal.aborted) return () => {};
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
