/** Going through a source of somebody else's, which may wait for ever: it is given up when the signal aborts. */
import { onAbort, untilAbort } from "./abort.ts";
import { argumentError } from "./errors.ts";

/** The same source for a loop, which then throws the signal's reason as soon as that aborts, whatever the source does. */
export function abortable<T>(
	source: AsyncIterable<T> | Iterable<T>,
	signal: AbortSignal | undefined,
): AsyncIterable<T> | Iterable<T> {
	if (!isAsync(source) && !isSync(source)) throw argumentError("a source is an iterable", { rule: "source" });
	if (!signal) return source;
	const iterate = () =>
		isAsync(source) ? source[Symbol.asyncIterator]() : awaiting(source[Symbol.iterator]());
	return { [Symbol.asyncIterator]: () => new AbortableIterator(iterate(), signal) };
}

/** As `for await` has it: promises that a synchronous source gives are waited for. */
function awaiting<T>(iterator: Iterator<T>): AsyncIterator<T> | Iterator<T> {
	const next = () => {
		const step = checkStep(iterator.next());
		const { done, value } = step;
		if (done || !isThenable(value)) return step;
		return Promise.resolve(value).then((settled) => ({ done: false, value: settled }) as const);
	};
	return { next, return: () => iterator.return?.() } as AsyncIterator<T> | Iterator<T>;
}

function isThenable(value: unknown): boolean {
	return isObject(value) && "then" in value;
}

/** Steps of a source, asked for one at a time. */
export class AbortableIterator<T> implements AsyncIterator<T, undefined, undefined> {
	readonly #iterator: AsyncIterator<T> | Iterator<T>;
	readonly #signal: AbortSignal | undefined;
	#rejectPending: ((reason: unknown) => void) | undefined;
	#ended = false;
	#failure: { readonly error: unknown } | undefined;
	readonly #forget: () => void;

	constructor(iterator: AsyncIterator<T> | Iterator<T>, signal: AbortSignal | undefined) {
		this.#iterator = iterator;
		this.#signal = signal;
		this.#forget = onAbort(signal, () => this.#rejectPending?.(signal?.reason));
	}

	/** @throws what the source throws, and the same ever after; the signal's reason, the source let go */
	async next(): Promise<IteratorResult<T, undefined>> {
		if (this.#failure !== undefined) throw this.#failure.error;
		if (this.#ended) return END;
		try {
			const step = await this.#step();
			if (!step.done) return step;
			this.#end();
			return END;
		} catch (error) {
			this.#failure = { error };
			if (this.#signal?.aborted) await this.return().catch(() => undefined);
			else this.#end(); // a loop asks nothing more of what has thrown
			throw error;
		}
	}

	/** Lets the source go, if it has not ended. */
	async return(): Promise<IteratorResult<T, undefined>> {
		if (this.#ended) return END;
		this.#end();
		const closing = this.#letGo();
		// A generator that still waits answers when it has waited: nobody is kept for that, nor after the signal.
		if (this.#rejectPending !== undefined) closing.catch(() => undefined);
		else await untilAbort(closing, this.#signal).catch((error) => this.#throwUnlessAborted(error));
		return END;
	}

	/** What it throws at once is a rejection, too. */
	async #letGo(): Promise<void> {
		await this.#iterator.return?.();
	}

	#throwUnlessAborted(error: unknown): void {
		if (!this.#signal?.aborted) throw error;
	}

	#end(): void {
		this.#ended = true;
		this.#forget();
	}

	async #step(): Promise<IteratorResult<T>> {
		if (!this.#signal) return checkStep(await this.#iterator.next());
		this.#signal.throwIfAborted();
		// Not Promise.race: it would leave a reaction on the signal's promise for every step.
		const result = await new Promise<IteratorResult<T>>((resolve, reject) => {
			// First, for the source may abort the signal while it is asked.
			this.#rejectPending = reject;
			const step = this.#iterator.next();
			if (isThenable(step)) (step as Promise<IteratorResult<T>>).then(resolve, reject);
			else resolve(step as IteratorResult<T>);
		});
		this.#rejectPending = undefined;
		return checkStep(result);
	}
}

function checkStep<T>(step: IteratorResult<T>): IteratorResult<T> {
	if (isObject(step)) return step;
	throw argumentError(`a source's steps are objects, not ${step === null ? "null" : typeof step}`, {
		rule: "source",
	});
}

const END = { done: true, value: undefined } as const;

function isAsync<T>(source: AsyncIterable<T> | Iterable<T>): source is AsyncIterable<T> {
	return isObject(source) && Symbol.asyncIterator in source;
}

function isSync<T>(source: AsyncIterable<T> | Iterable<T>): source is Iterable<T> {
	return isObject(source) && Symbol.iterator in source;
}

/** Whether it gives its values one after another. Texts do that too, and are no objects. */
export function isIterable(value: unknown): value is AsyncIterable<unknown> | Iterable<unknown> {
	return isObject(value) && (Symbol.asyncIterator in value || Symbol.iterator in value);
}

function isObject(value: unknown): value is object {
	return typeof value === "object" && value !== null;
}
