/** Strings and bytes of their own, out of the memory of an image. */
import { bytesToName } from "../names.ts";
import type { Window } from "./source.ts";

// A search in a string is quicker than a look at each byte, above all before the loop has been compiled.
const BEYOND_ASCII = /[\x80-\xff]/;

/** A name, path or target. The bytes must be in the window. */
export function readName({ bytes, base }: Window, at: number, length: number): string {
	const start = at - base;
	const end = start + length;
	const text = bytes.toString("latin1", start, end);
	return BEYOND_ASCII.test(text) ? bytesToName(bytes.subarray(start, end)) : text;
}

const POOL_SIZE = 1 << 16;
const MAX_POOLED = 1 << 12;

let pool = Buffer.alloc(0);
let used = 0;

/** A copy, in memory that many small ones share: one allocation for each takes ten times as long. */
export function copyBytes({ bytes, base }: Window, at: number, length: number): Uint8Array {
	const start = at - base;
	if (length > MAX_POOLED) return new Uint8Array(bytes.subarray(start, start + length));
	if (used + length > pool.length) {
		pool = Buffer.allocUnsafeSlow(POOL_SIZE);
		used = 0;
	}
	// A loop: most are shorter than what a call costs, and Buffer.copy makes an array each time.
	for (let index = 0; index < length; index++) pool[used + index] = bytes[start + index] as number;
	const copy = new Uint8Array(pool.buffer, used, length);
	used += length;
	return copy;
}
