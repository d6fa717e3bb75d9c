/** The names of a directory in order, of however many there are: a million take a second to sort. */
import { bytesToName, isOrderedByUnits, nameToBytes, sortNames } from "./names.ts";

/** Names that are sorted, or gone through, in one step: a part of a millisecond. */
const STEP = 1024;

/**
 * Sorts names by their bytes, as `sortNames` does. Yields about every thousand names.
 *
 * @param names   become unusable
 */
export function* sortNamesInSteps(names: string[]): Generator<undefined, string[], undefined> {
	if (names.length <= STEP) return sortNames(names);
	if (yield* every(names, (name) => isOrderedByUnits(name))) return yield* sortTexts(names);
	// Each byte as a code unit: texts in the order of the bytes.
	const texts: string[] = [];
	yield* every(names, (name) => texts.push(Buffer.from(nameToBytes(name)).toString("latin1")) > 0);
	const sorted = yield* sortTexts(texts);
	yield* every(sorted, (text, at) => {
		names[at] = bytesToName(Buffer.from(text, "latin1"));
		return true;
	});
	return names;
}

function* every(
	texts: readonly string[],
	holds: (text: string, at: number) => boolean,
): Generator<undefined, boolean, undefined> {
	for (let at = 0; at < texts.length; at++) {
		if (!holds(texts[at] as string, at)) return false;
		if (at % STEP === 0) yield;
	}
	return true;
}

/** Merge sort: of runs that are sorted at once, then of those twice as long, and so on. */
function* sortTexts(texts: string[]): Generator<undefined, string[], undefined> {
	// Those of an image or of a dump are in order.
	if (yield* every(texts, (text, at) => at === 0 || (texts[at - 1] as string) <= text)) return texts;
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
function* merge(
	from: readonly string[],
	to: string[],
	start: number,
	middle: number,
): Generator<undefined, void, undefined> {
	const end = Math.min(middle + (middle - start), from.length);
	let [left, right] = [start, middle];
	for (let at = start; at < end; at++) {
		const isLeft = right === end || (left < middle && (from[left] as string) <= (from[right] as string));
		to[at] = from[isLeft ? left++ : right++] as string;
		if (at % STEP === 0) yield;
	}
}
