/** fs-verity of the kernel: files that are sealed, and checked by the kernel whenever they are read. */
import { type FilePath, nameOfFile, nativeFile, type OpenFile } from "./file-path.ts";
import { awaitJob } from "./native.ts";

export interface VerityDigest {
	/** Another name than these is a number of the kernel's. */
	readonly algorithm: "sha256" | "sha512" | (string & {});
	/** Hexadecimal digits: 64 of SHA-256, 128 of SHA-512. */
	readonly digest: string;
}

export interface VerityOptions {
	readonly signal?: AbortSignal | undefined;
}

const ALGORITHMS: Readonly<Record<number, string>> = { 1: "sha256", 2: "sha512" };

/**
 * The kernel's digest of a sealed file. Nothing of the file is read; `computeDigest` reads any file.
 *
 * @returns undefined where the file is not sealed, or is on a file system without fs-verity
 * @throws ComposefsError: the error of a system call
 */
export async function measure(
	file: FilePath | OpenFile,
	{ signal }: VerityOptions = {},
): Promise<VerityDigest | undefined> {
	const source = nativeFile(file);
	const name = nameOfFile(file);
	const measured = await awaitJob((addon) => addon.measureVerity(source), { signal, file: name });
	if (measured === undefined) return undefined;
	const algorithm = ALGORITHMS[measured.algorithm] ?? `${measured.algorithm}`;
	return { algorithm, digest: Buffer.from(measured.bytes).toString("hex") };
}

/**
 * Seals a file: SHA-256, blocks of 4,096 bytes, no salt. From then on it can never be written to again, only removed.
 * A file that is sealed already is left as it is, however it was sealed: `measure` tells.
 *
 * @param file   by its path, or open for reading; nobody may have it open for writing
 * @throws ComposefsError `ERR_COMPOSEFS_VERITY` where the file system has no fs-verity; `ETXTBSY` where somebody has the
 *   file open for writing; the error of another system call
 */
export async function enable(file: FilePath | OpenFile, { signal }: VerityOptions = {}): Promise<void> {
	const source = nativeFile(file);
	await awaitJob((addon) => addon.enableVerity(source), { signal, file: nameOfFile(file) });
}
