/** The names of a directory in order, of however many there are: a million take a second to sort. */
import { bytesToName, isOrderedByUnits, nameToBytes, sortNames } from "./names.ts";
import { everyInSteps, mapInSteps, STEP, type Steps } from "./steps.ts";

/**
 * Sorts names by their bytes, as `sortNames` does. Yields about every thousand names.
 *
 * @param names   become unusable
 */
export function* sortNamesInSteps(names: string[]): Steps<string[]> {
	if (names.length <= STEP) return sortNames(names);
	if (yield* everyInSteps(names, isOrderedByUnits)) return yield* sortTexts(names);
	// Each byte as a code unit: texts in the order of the bytes.
	const texts = yield* mapInSteps(names, (name) => Buffer.from(nameToBytes(name)).toString("latin1"));
	const sorted = yield* sortTexts(texts);
	return yield* mapInSteps(sorted, (text) => bytesToName(Buffer.from(text, "latin1")));
}

/** Merge sort: of runs that are sorted at once, then of those twice as long, and so on. */
function* sortTexts(texts: string[]): Steps<string[]> {
	// Those of an image or of a dump are in order.
	if (yield* everyInSteps(texts, (text, at) => at === 0 || (texts[at - 1] as string) <= text)) return texts;
	let from: string[] = [];
	for (let at = 0; at < texts.length; at += STEP) {
		from.push(...texts.slice(at, at + STEP).sort());
		yield;
	}
	let to = texts;
	for (let length = STEP; length < from.length; length *= 2) {
		for (let start = 0; start < from.length; start += 2 * length)
			yield* merge(from, to, start, Math.min(start + length, from.length));
		[from, to] = [to, from];
	}
	return from;
}

/** Merges what is in order from `start` to `middle` with as many texts, or those that are left, from `middle` on. */
function* merge(from: readonly string[], to: string[], start: number, middle: number): Steps<void> {
	const end = Math.min(middle + (middle - start), from.length);
	let [left, right] = [start, middle];
	for (let at = start; at < end; at++) {
		const isLeft = right === end || (left < middle && (from[left] as string) <= (from[right] as string));
		to[at] = from[isLeft ? left++ : right++] as string;
		if (at % STEP === 0) yield;
	}
}
