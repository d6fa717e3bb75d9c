/** SHA-256 of what is not spelled out. */
import type { Hash } from "node:crypto";
import { Slices } from "../slices.ts";

const ZEROS = new Uint8Array(1 << 18);

/** Hashes zeros, and gives way to the event loop: a hole may have terabytes. */
export async function hashZeros(hash: Hash, count: number, signal?: AbortSignal): Promise<void> {
	const slices = new Slices(signal);
	for (let left = count; left > 0; left -= ZEROS.length) {
		hash.update(left < ZEROS.length ? ZEROS.subarray(0, left) : ZEROS);
		if (slices.isOver()) await slices.next();
	}
}
