/** Strings and bytes of their own, out of the memory of an image. */
import { copyOf } from "../byte-pool.ts";
import { bytesToName } from "../names.ts";
import type { Window } from "./source.ts";

// A search in a string is quicker than a look at each byte, above all before the loop has been compiled.
const BEYOND_ASCII = /[\x80-\uffff]/;

/** A name, path or target. The bytes must be in the window. */
export function readName({ bytes, base }: Window, at: number, length: number): string {
	const start = at - base;
	const end = start + length;
	// Of plain text quicker than latin1Slice; any other byte becomes a character that shows, if not the right one.
	const text = bytes.utf8Slice(start, end);
	return BEYOND_ASCII.test(text) ? bytesToName(bytes.subarray(start, end)) : text;
}

/** A copy of bytes that must be in the window. */
export function copyBytes({ bytes, base }: Window, at: number, length: number): Uint8Array {
	return copyOf(bytes, at - base, length);
}
