/** Long work on this thread, in slices: between them the event loop goes on. */
import { setImmediate as atNextTurn } from "node:timers";

/**
 * Milliseconds of a slice: what one turn of the event loop has for all works together. A turn costs some hundredths of one;
 * and a garbage collection, which takes up to ten when a tree is made, may come in one.
 */
const SLICE_MS = 2;

/** Those that wait for a turn, in order. One is let go on in each: a thousand works hold up the loop no more than one. */
const waiting: (() => void)[] = [];
/** When the slice of this turn ends; undefined before anything was done in it. */
let end: number | undefined;

function endOfSlice(): number {
	if (end === undefined) {
		end = performance.now() + SLICE_MS;
		atNextTurn(beginTurn);
	}
	return end;
}

function beginTurn(): void {
	// A garbage collection had this turn, or somebody else: whoever has waited meanwhile comes before our next slice.
	const isTaken = end !== undefined && performance.now() > end + SLICE_MS;
	end = undefined;
	if (isTaken) {
		atNextTurn(beginTurn);
		return;
	}
	const goOn = waiting.shift();
	if (goOn === undefined) return;
	endOfSlice();
	goOn();
}

/** For work that is done in a loop of its own: `if (slices.isOver()) await slices.next()`. */
export class Slices {
	readonly #signal: AbortSignal | undefined;
	#end: number;

	constructor(signal?: AbortSignal) {
		signal?.throwIfAborted();
		this.#signal = signal;
		this.#end = endOfSlice();
	}

	isOver(): boolean {
		return performance.now() >= this.#end;
	}

	/** Gives way to the event loop, and to others that wait for it. Throws the signal's reason. */
	async next(): Promise<void> {
		endOfSlice(); // so that a turn is to come
		await new Promise<void>((resolve) => waiting.push(resolve));
		this.#signal?.throwIfAborted();
		this.#end = endOfSlice();
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
