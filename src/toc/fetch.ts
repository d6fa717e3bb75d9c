/** What is fetched of a blob, checked and decompressed. */
import { createHash } from "node:crypto";
import { type BlobSource, readBlob } from "../blob.ts";
import { ComposefsError } from "../errors.ts";
import { Slices } from "../slices.ts";
import { refuse } from "./fault.ts";
import type { TocLimits } from "./limits.ts";

export interface FetchContext {
	readonly limits: TocLimits;
	readonly signal: AbortSignal | undefined;
}

/** Bytes of a blob, which has to have them. */
export async function fetchRange(
	blob: BlobSource,
	start: number,
	end: number,
	{ signal }: FetchContext,
): Promise<Buffer> {
	const bytes = await readBlob(blob, { range: { start, end }, signal, limit: end - start });
	if (bytes.length < end - start)
		refuse("bounds", `${blob.name}: it ended ${end - start - bytes.length} bytes before byte ${end}`);
	return bytes;
}

/** Compares a digest before what it is of is used. */
export async function checkDigest(
	blob: BlobSource,
	what: string,
	bytes: Uint8Array,
	{ expected, signal }: { readonly expected: string; readonly signal: AbortSignal | undefined },
): Promise<void> {
	const hash = createHash("sha256");
	const slices = new Slices(signal);
	for (let at = 0; at < bytes.length; at += HASH_STEP) {
		hash.update(bytes.subarray(at, at + HASH_STEP));
		if (slices.isOver()) await slices.next();
	}
	checkHash(blob, what, hash.digest("hex"), expected);
}

const HASH_STEP = 1 << 20;

export function checkHash(blob: BlobSource, what: string, hex: string, expected: string): void {
	const actual = `sha256:${hex}`;
	if (actual === expected) return;
	const message = `${blob.name}: ${what} has the digest ${actual}, not ${expected}`;
	throw new ComposefsError("ERR_COMPOSEFS_DIGEST", message, { rule: "toc-digest", expected, actual });
}

/** Words for what cannot be decompressed. */
export async function* inflated(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
	try {
		yield* source;
	} catch (error) {
		if (error instanceof ComposefsError && error.code === "ERR_COMPOSEFS_BLOB")
			refuse("compression", `the table: ${error.message}`, { cause: error });
		throw error;
	}
}
