/** Small arrays of bytes by the hundred thousand: many share one allocation, as those of Buffer.from do. */

/** Two methods of Buffer that its documentation leaves out; `toString` spends half its time on getting to them. */
export interface Slicing {
	latin1Slice(start: number, end: number): string;
	utf8Slice(start: number, end: number): string;
}
export type Bytes = Buffer & Slicing;

const POOL_SIZE = 1 << 16;
const MAX_POOLED = 1 << 12;

let pool = new Uint8Array(0);
let used = 0;

/** An array of zeros, to be filled: a buffer of its own for each takes ten times as long. */
export function newBytes(length: number): Uint8Array {
	if (length > MAX_POOLED) return new Uint8Array(length);
	if (used + length > pool.length) {
		pool = new Uint8Array(POOL_SIZE);
		used = 0;
	}
	const bytes = new Uint8Array(pool.buffer, used, length);
	used += length;
	return bytes;
}

/** A copy of some bytes of an array. */
export function copyOf(bytes: Uint8Array, start: number, length: number): Uint8Array {
	// Not by slice(), which gives a view of a Buffer.
	if (length > MAX_POOLED) return new Uint8Array(bytes.subarray(start, start + length));
	const copy = newBytes(length);
	// A loop: most are shorter than what a call costs.
	for (let index = 0; index < length; index++) copy[index] = bytes[start + index] as number;
	return copy;
}
