/** Ranges of a blob, made fewer. */
import type { ByteRange } from "../../blob.ts";

/**
 * Bytes between two ranges that are fetched along: fewer than a range of its own costs in a request and its answer. Between
 * the contents of two neighbours stands the header of a tar, of 100 to 200 bytes.
 */
export const GAP = 160;

/** Joins ranges with no more than `gap` bytes between them. They are ascending and apart. */
export function joinRanges(ranges: Iterable<ByteRange>, gap: number = GAP): ByteRange[] {
	const joined: { start: number; end: number }[] = [];
	for (const { start, end } of ranges) {
		const last = joined.at(-1);
		if (last !== undefined && start - last.end <= gap) last.end = end;
		else joined.push({ start, end });
	}
	return joined;
}

export function lengthOf(ranges: Iterable<ByteRange>): number {
	let length = 0;
	for (const { start, end } of ranges) length += end - start;
	return length;
}
