/** The keys of an entry, recognised by their bytes: no string is made of what comes nine times an entry. */

/** Their numbers are bits in the mask of keys that an entry has. */
export const KEYS = [
	"type",
	"name",
	"linkName",
	"mode",
	"uid",
	"gid",
	"size",
	"modtime",
	"accesstime",
	"changetime",
	"devMajor",
	"devMinor",
	"xattrs",
	"digest",
	"offset",
	"endOffset",
	"chunkSize",
	"chunkOffset",
	"chunkDigest",
	"chunkType",
	"innerOffset",
	"userName",
	"groupName",
	"NumLink",
	"x-payload",
	"x-content",
] as const;
export type Key = (typeof KEYS)[number];

const BUCKETS = 64;
const BYTES = KEYS.map((key) => Buffer.from(key, "latin1"));
const table: number[][] = Array.from({ length: BUCKETS }, () => []);
for (const [number, bytes] of BYTES.entries())
	(table[bucketOf(bytes, 0, bytes.length)] as number[]).push(number);

function bucketOf(bytes: Uint8Array, start: number, end: number): number {
	const mixed = (bytes[start] as number) * 5 + (bytes[end - 1] as number) * 3 + (end - start) * 7;
	return mixed & (BUCKETS - 1);
}

/** The number of the key in these bytes, or -1. */
export function keyAt(bytes: Uint8Array, start: number, end: number): number {
	if (start === end) return -1;
	const candidates = table[bucketOf(bytes, start, end)] as number[];
	for (let n = 0; n < candidates.length; n++) {
		const number = candidates[n] as number;
		if (equalsAt(BYTES[number] as Uint8Array, bytes, start, end)) return number;
	}
	return -1;
}

export function equalsAt(wanted: Uint8Array, bytes: Uint8Array, start: number, end: number): boolean {
	if (wanted.length !== end - start) return false;
	for (let n = 0; n < wanted.length; n++) if (wanted[n] !== bytes[start + n]) return false;
	return true;
}

/**
 * The key of a list that this one is taken for by readers which ignore case, as those in Go do: some by small
 * letters, some by folding, where the signs for Kelvin and for a long s are letters too.
 */
export function caseVariantOf(key: string, keys: FoldedKeys): string | undefined {
	return keys.get(fold(key));
}

/** Keys by what they are without their case. */
export type FoldedKeys = ReadonlyMap<string, string>;

export function foldKeys(keys: readonly string[]): FoldedKeys {
	return new Map(keys.map((key) => [fold(key), key]));
}

function fold(key: string): string {
	return key.toLowerCase().toUpperCase();
}
