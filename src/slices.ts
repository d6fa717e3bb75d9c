/** Long work on this thread, in slices: between them the event loop goes on. */
import { setImmediate as atNextTurn } from "node:timers";

/**
 * Milliseconds of a slice: what one turn of the event loop has for all works together. A turn costs some hundredths of one.
 * A garbage collection, which takes up to ten when a tree is made, mostly comes between two slices.
 */
const SLICE_MS = 2;

/** Those that wait for a turn, in order. A turn lets go on as many as its slice has time for. */
const waiting: (() => void)[] = [];
/** When the slice of this turn ends; undefined before anything was done in it. */
let end: number | undefined;
/** When the loop was others' again, and whether they kept it for long the turn before. */
let gaveWay = 0;
let wasLong = false;
let isScheduled = false;

function endOfSlice(): number {
	if (end === undefined) {
		end = performance.now() + SLICE_MS;
		gaveWay = end;
		scheduleTurn();
	}
	return end;
}

function scheduleTurn(): void {
	if (isScheduled) return;
	isScheduled = true;
	atNextTurn(beginTurn);
}

function beginTurn(): void {
	isScheduled = false;
	end = undefined;
	const now = performance.now();
	const isLong = now > gaveWay + SLICE_MS;
	// A collection, or another's long work, came since our last slice: who waited for that comes before our next one.
	// Unless it was so the turn before: we would have no more than half of the turns of a busy program.
	const isTaken = isLong && !wasLong;
	wasLong = isLong;
	if (waiting.length === 0) return;
	if (isTaken) {
		gaveWay = now;
		scheduleTurn();
	} else letGoOn();
}

function letGoOn(): void {
	if (waiting.length === 0 || performance.now() >= endOfSlice()) return;
	waiting.shift()?.();
	// Behind all that it does before it waits for anything: a tick that a microtask asks for comes when none is left.
	queueMicrotask(() => process.nextTick(letGoOn));
}

/** For work that is done in a loop of its own: `if (slices.isOver()) await slices.next()`. */
export class Slices {
	readonly #signal: AbortSignal | undefined;

	constructor(signal?: AbortSignal) {
		signal?.throwIfAborted();
		this.#signal = signal;
		endOfSlice();
	}

	/** Whether this turn has had its slice. What has waited for anything else meanwhile begins with the turn's. */
	isOver(): boolean {
		return performance.now() >= endOfSlice();
	}

	/** Gives way to the event loop, and to others that wait for it. Throws the signal's reason. */
	async next(): Promise<void> {
		scheduleTurn();
		await new Promise<void>((resolve) => waiting.push(resolve));
		this.#signal?.throwIfAborted();
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

const ITEMS_PER_STEP = 256;

/**
 * Does something short with each of many items, giving way as `runInSlices` does.
 *
 * @throws what `action` throws; the signal's reason
 */
export function forEachInSlices<T>(
	items: Iterable<T>,
	action: (item: T) => void,
	signal?: AbortSignal,
): Promise<void> {
	return runInSlices(stepsOf(items, action), signal);
}

function* stepsOf<T>(items: Iterable<T>, action: (item: T) => void): Generator<undefined, void, undefined> {
	let count = 0;
	for (const item of items) {
		action(item);
		if (++count % ITEMS_PER_STEP === 0) yield;
	}
}
