/** Strings and bytes of their own, out of the memory of an image. */
import { bytesToName } from "../names.ts";
import type { Window } from "./source.ts";

/** A name, path or target. The bytes must be in the window. */
export function readName({ bytes, base }: Window, at: number, length: number): string {
	const start = at - base;
	const end = start + length;
	let seen = 0;
	for (let index = start; index < end; index++) seen |= bytes[index] as number;
	return seen < 0x80 ? bytes.toString("latin1", start, end) : bytesToName(bytes.subarray(start, end));
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
