/** Files as they were found, for the addon: many of them in two arguments. */
import { ComposefsError } from "./errors.ts";
import { nameToBytes } from "./names.ts";

/** Numbers of a FileIdentity, in the order of its fields. */
export const IDENTITY_FIELDS = 5;

/** A file as it was found. */
export interface FoundFile {
	/** Of this machine, as a name (names.ts). */
	readonly path: string;
	/** Bytes */
	readonly size: number;
	/** Its FileIdentity, as five numbers. */
	readonly packedIdentity: BigInt64Array;
}

/**
 * The paths, a NUL behind each, and the identities.
 *
 * @throws ComposefsError `ERR_COMPOSEFS_ARGUMENT`: what is wrong with one would be taken for part of the next
 */
export function packFiles(files: readonly FoundFile[]): { paths: Uint8Array; identities: BigInt64Array } {
	const identities = new BigInt64Array(files.length * IDENTITY_FIELDS);
	for (const [i, { path, packedIdentity }] of files.entries()) {
		if (path === "" || path.includes("\0")) throw argumentError("a path is empty or has a NUL in it");
		if (packedIdentity.length !== IDENTITY_FIELDS)
			throw argumentError(`an identity has ${packedIdentity.length} numbers, not ${IDENTITY_FIELDS}`);
		identities.set(packedIdentity, i * IDENTITY_FIELDS);
	}
	return { paths: nameToBytes(files.map(({ path }) => `${path}\0`).join("")), identities };
}

function argumentError(message: string): ComposefsError {
	return new ComposefsError("ERR_COMPOSEFS_ARGUMENT", message);
}

const DIGEST_SIZE = 32;

/** The digests that the addon answers with, in hexadecimal. */
export function unpackDigests(digests: Buffer): string[] {
	const digits = digests.toString("hex");
	return Array.from({ length: digests.length / DIGEST_SIZE }, (_, i) =>
		digits.slice(i * 2 * DIGEST_SIZE, (i + 1) * 2 * DIGEST_SIZE),
	);
}
