/** Whether an image is the one it should be. */
import { checkDigest, computeDigest } from "../digest.ts";
import { ComposefsError } from "../errors.ts";
import { nameOfFile } from "../file-path.ts";
import type { ImageSource } from "./source.ts";

/**
 * Compares an image's fs-verity digest with what it should be. It reads every byte and trusts none: do it before
 * anything else with an image from outside.
 *
 * @param digest   64 hexadecimal digits, in either case, with or without `sha256:` in front
 * @throws ComposefsError `ERR_COMPOSEFS_DIGEST`, with `expected`, `actual` and the `path` of a file; or the error of a system call; or
 *   the reason of `signal`
 */
export async function verifyImage(
	source: ImageSource,
	digest: string,
	options: { readonly signal?: AbortSignal | undefined } = {},
): Promise<void> {
	const expected = checkDigest(digest);
	const actual = await computeDigest(source, options);
	if (actual === expected) return;
	const path = source instanceof Uint8Array ? undefined : nameOfFile(source);
	const message = `${path === undefined ? "" : `${path}: `}the digest of the image is ${actual}, not ${expected}`;
	throw new ComposefsError("ERR_COMPOSEFS_DIGEST", message, {
		rule: "digest",
		expected,
		actual,
		...(path !== undefined && { path }),
	});
}
