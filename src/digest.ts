/** fs-verity digests: what the kernel would measure of a file, computed in software. */
import { ALGORITHMS, type Algorithm, digestPaths, queueDigest } from "./digests.ts";
import { argumentError, type ComposefsError } from "./errors.ts";
import {
	type FileIdentity,
	type FilePath,
	type FileSource,
	isFileSource,
	isOpenFile,
	nameOfFile,
	nativeFile,
	type OpenFile,
} from "./file-path.ts";
import { checkIsIterable } from "./lists.ts";
import { awaitJob } from "./native.ts";

export interface DigestsOptions {
	readonly signal?: AbortSignal | undefined;
	/** Default: sha256, which images of libcomposefs have. Repositories of composefs-rs may have sha512. */
	readonly algorithm?: Algorithm | undefined;
}

export interface DigestOptions extends DigestsOptions {
	/** For a file by path or open: it must be this one, before and after it is read. */
	readonly identity?: FileIdentity | undefined;
}

/**
 * The digits of a digest that a caller gives, in lower case.
 *
 * @param digest   64 hexadecimal digits, in either case, with or without `sha256:` in front
 * @throws ComposefsError `ERR_COMPOSEFS_ARGUMENT`
 */
export function checkDigest(digest: string): string {
	const digits = /^(?:sha256:)?([0-9a-f]{64})$/i.exec(digest)?.[1];
	if (digits === undefined) throw argumentError(`a digest is 64 hexadecimal digits, not ${String(digest)}`);
	return digits.toLowerCase();
}

/**
 * The fs-verity digest (SHA-256 by default, blocks of 4,096 bytes, no salt) of bytes or of a file, as 64 (SHA-512:
 * 128) hexadecimal digits: what `fsverity digest --compact` prints. It is computed on another thread, and a file is
 * read in pieces, from its beginning, without moving the handle's position.
 *
 * @param source   the bytes themselves, not to be changed or transferred until the promise settles; or a
 *   regular file, by its path or open; a path that is not UTF-8 comes as `{ file: bytes }`
 * @throws ComposefsError: the error of a system call; `ERR_COMPOSEFS_CHANGED` where the file is not, or does not
 *   stay, the one that `identity` says; or the reason of `signal`
 */
export async function computeDigest(
	source: Uint8Array | string | URL | OpenFile | FileSource,
	{ signal, algorithm = "sha256", identity }: DigestOptions = {},
): Promise<string> {
	const { number } = checkAlgorithm(algorithm);
	signal?.throwIfAborted();
	if (source instanceof Uint8Array)
		return toHex(awaitJob((addon) => addon.computeDigest({ bytes: source }, number), { signal }));
	const file = isFileSource(source) ? source.file : source;
	if (identity === undefined && !isOpenFile(file)) return queueDigest(file, algorithm, signal);
	const content = nativeFile(file, identity);
	const name = nameOfFile(file);
	return toHex(awaitJob((addon) => addon.computeDigest(content, number), { signal, file: name }));
}

async function toHex(digest: Promise<Uint8Array>): Promise<string> {
	return Buffer.from(await digest).toString("hex");
}

/**
 * The digests of many files by their paths, as `computeDigest` gives them, in the order of the files. What is wrong
 * with one is its result, and keeps no other from its digest: an error of a system call.
 *
 * @throws ComposefsError `ERR_COMPOSEFS_ARGUMENT`; the reason of `signal`
 */
export async function computeDigests(
	files: Iterable<FilePath>,
	{ signal, algorithm = "sha256" }: DigestsOptions = {},
): Promise<(string | ComposefsError)[]> {
	checkAlgorithm(algorithm);
	checkIsIterable(files, "files, of which computeDigest takes one,");
	return digestPaths([...files], algorithm, signal);
}

function checkAlgorithm(algorithm: Algorithm): (typeof ALGORITHMS)[Algorithm] {
	if (Object.hasOwn(ALGORITHMS, algorithm)) return ALGORITHMS[algorithm];
	throw argumentError(`algorithm is ${algorithm}, not sha256 or sha512`);
}
