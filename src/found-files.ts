/** Files as they were found, for the addon: many of them in two arguments. */
import { argumentError } from "./errors.ts";
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

/** Paths alone, a NUL behind each; they are checked already. */
export function packPaths(paths: readonly Uint8Array[]): Uint8Array {
	return Buffer.concat(paths.flatMap((path) => [path, NUL]));
}

const NUL = Uint8Array.of(0);

/**
 * The digests that the addon answers with, in hexadecimal.
 *
 * @param size   bytes of each; SHA-256 has 32
 */
export function unpackDigests(digests: Buffer, size = 32): string[] {
	const digits = digests.toString("hex");
	const names: string[] = [];
	for (let at = 0; at < digits.length; at += 2 * size) names.push(digits.slice(at, at + 2 * size));
	return names;
}
