/** Work on many items that can give way to the event loop: `runInSlices` runs it. */

/** Work that may take long, which yields now and then. */
export type Steps<Result> = Generator<undefined, Result, undefined>;

/** Items of a step: a part of a millisecond, if each is as short as a name. */
export const STEP = 1024;

/**
 * What a function makes of each of many items. A walk has all of them made, and not each when it is there: reads that wait
 * for memory then do so together.
 */
export function* mapInSteps<Item, Result>(
	items: Iterable<Item>,
	make: (item: Item) => Result,
): Steps<Result[]> {
	const made: Result[] = [];
	for (const item of items) if (made.push(make(item)) % STEP === 0) yield;
	return made;
}

/** Whether something holds of every item. */
export function* everyInSteps<Item>(
	items: readonly Item[],
	holds: (item: Item, at: number) => boolean,
): Steps<boolean> {
	for (let at = 0; at < items.length; at++) {
		if (!holds(items[at] as Item, at)) return false;
		if (at % STEP === 0) yield;
	}
	return true;
}
