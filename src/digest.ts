/** fs-verity digests: what the kernel would measure of a file, computed in software. */
import { descriptorOf, type OpenFile, pathToBytes, pathToString } from "./file-path.ts";
import { awaitJob } from "./native.ts";

/**
 * The fs-verity digest (SHA-256, blocks of 4,096 bytes, no salt) of bytes or of a file, as 64 hexadecimal
 * digits: what `fsverity digest --compact` prints. It is computed on another thread, and a file is read in
 * pieces, from its beginning, without moving the handle's position.
 *
 * @param source   the bytes themselves, not to be changed or transferred until the promise settles; or a
 *   regular file, by its path or open (a path that is not UTF-8 can only come open)
 * @throws ComposefsError: the error of a system call; or the reason of `signal`
 */
export async function computeDigest(
	source: Uint8Array | string | URL | OpenFile,
	options: { readonly signal?: AbortSignal | undefined } = {},
): Promise<string> {
	const file = typeof source === "string" || source instanceof URL ? pathToString(source) : undefined;
	const digest = await awaitJob((addon) => addon.computeDigest(nativeSource(source)), {
		signal: options.signal,
		file,
	});
	return Buffer.from(digest).toString("hex");
}

function nativeSource(source: Uint8Array | string | URL | OpenFile) {
	if (source instanceof Uint8Array) return { bytes: source };
	if (typeof source === "string" || source instanceof URL) return { path: pathToBytes(source) };
	return descriptorOf(source);
}
