/** fs-verity digests: what the kernel would measure of a file, computed in software. */
import { ComposefsError } from "./errors.ts";
import {
	type FileIdentity,
	type FilePath,
	type FileSource,
	isFileSource,
	nameOfFile,
	nativeFile,
	type OpenFile,
} from "./file-path.ts";
import { awaitJob } from "./native.ts";

export interface DigestOptions {
	readonly signal?: AbortSignal | undefined;
	/** Default: sha256, which images of libcomposefs have. Repositories of composefs-rs may have sha512. */
	readonly algorithm?: "sha256" | "sha512" | undefined;
	/** For a file by path or open: it must be this one, before and after it is read. */
	readonly identity?: FileIdentity | undefined;
}

/** Numbers of the kernel (FS_VERITY_HASH_ALG_*). */
const ALGORITHMS = { sha256: 1, sha512: 2 } as const;

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
	const number = ALGORITHMS[algorithm];
	if (number === undefined)
		throw new ComposefsError("ERR_COMPOSEFS_ARGUMENT", `algorithm is ${algorithm}, not sha256 or sha512`);
	const digest = await (source instanceof Uint8Array
		? awaitJob((addon) => addon.computeDigest({ bytes: source }, number), { signal })
		: digestOfFile(isFileSource(source) ? source.file : source, number, { signal, identity }));
	return Buffer.from(digest).toString("hex");
}

function digestOfFile(
	file: FilePath | OpenFile,
	algorithm: number,
	{ signal, identity }: DigestOptions,
): Promise<Uint8Array> {
	const content = nativeFile(file, identity);
	return awaitJob((addon) => addon.computeDigest(content, algorithm), { signal, file: nameOfFile(file) });
}
