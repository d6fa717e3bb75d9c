/** The fs-verity digests of files that a scan found, on another thread. */
import { digestPacked } from "../digests.ts";
import type { ComposefsError } from "../errors.ts";
import { type FoundFile, packFiles } from "../found-files.ts";

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
	return digestPacked(packFiles(files), "sha256", (i) => files[i]?.path, signal);
}
