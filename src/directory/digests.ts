/** The fs-verity digests of many files, on another thread. */

import { ALGORITHMS } from "../digests.ts";
import type { ComposefsError } from "../errors.ts";
import { type FoundFile, packFiles, unpackDigests } from "../found-files.ts";
import { awaitJob, toError } from "../native.ts";

const SHA256 = ALGORITHMS.sha256.number;

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
	const { paths, identities } = packFiles(files);
	const { digests, failures } = await awaitJob((addon) => addon.digestFiles(paths, SHA256, identities), {
		signal,
	});
	return unpackDigests(digests).map((digest, i) => {
		const failure = failures[i];
		return failure === undefined ? digest : toError(failure, files[i]?.path);
	});
}
