/** The fs-verity digests of many files, on another thread. */
import type { ComposefsError } from "../errors.ts";
import { nameToBytes } from "../names.ts";
import { awaitJob, toError } from "../native.ts";
import { IDENTITY_FIELDS } from "./decode.ts";

/** A file as it was found. */
export interface FoundFile {
	/** Of this machine, as a name (names.ts). */
	readonly path: string;
	/** Its FileIdentity, as five numbers. */
	readonly packedIdentity: BigInt64Array;
}

const DIGEST_SIZE = 32;

/**
 * For each file its digest, 64 hexadecimal digits, or why it has none: one that is not, or does not stay, what it was
 * found to be has `ERR_COMPOSEFS_CHANGED`.
 *
 * @throws the reason of `signal`
 */
export async function digestFiles(
	files: readonly FoundFile[],
	signal: AbortSignal,
): Promise<(string | ComposefsError)[]> {
	const paths = nameToBytes(files.map(({ path }) => `${path}\0`).join(""));
	const identities = new BigInt64Array(files.length * IDENTITY_FIELDS);
	for (const [i, { packedIdentity }] of files.entries()) identities.set(packedIdentity, i * IDENTITY_FIELDS);
	const { digests, failures } = await awaitJob((addon) => addon.digestFiles(paths, identities), { signal });
	return files.map(({ path }, i) => {
		const failure = failures[i];
		if (failure !== undefined) return toError(failure, path);
		return digests.toString("hex", i * DIGEST_SIZE, (i + 1) * DIGEST_SIZE);
	});
}
