/** The types of entries. */
import { equalsAt } from "./keys.ts";

export const ENTRY_TYPES = ["reg", "dir", "symlink", "hardlink", "char", "block", "fifo", "chunk"] as const;
export type EntryType = (typeof ENTRY_TYPES)[number];

const BYTES = ENTRY_TYPES.map((type) => Buffer.from(type, "latin1"));

export function typeAt(bytes: Uint8Array, start: number, end: number): EntryType | undefined {
	for (let n = 0; n < BYTES.length; n++)
		if (equalsAt(BYTES[n] as Uint8Array, bytes, start, end)) return ENTRY_TYPES[n];
	return undefined;
}
