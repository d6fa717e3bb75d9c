/** Work ahead of who asks for its results. */

/**
 * Lets a generator run ahead by at most `count` values. When this one is ended early, the generator must not wait
 * for ever: what it waits for is to be stopped before.
 */
export async function* readAhead<T>(values: AsyncGenerator<T>, count: number): AsyncGenerator<T> {
	// A generator answers calls of next() in their order, each begun when the one before is done.
	const ahead: Promise<IteratorResult<T>>[] = [];
	try {
		for (;;) {
			while (ahead.length <= count) ahead.push(quiet(values.next()));
			const { done, value } = await (ahead.shift() as Promise<IteratorResult<T>>);
			if (done) return;
			yield value;
		}
	} finally {
		await values.return(undefined);
	}
}

/** A failure counts when its turn comes, if it does. */
function quiet<T>(promise: Promise<T>): Promise<T> {
	promise.catch(() => undefined);
	return promise;
}
