/** A tree becomes an image: the gate and the encoder, then one native job. */
import { trace } from "./diagnostics.ts";
import { encodeTree, RECORDS_VERSION, type Whiteouts } from "./encode.ts";
import { argumentError, ComposefsError } from "./errors.ts";
import { absolute, descriptorOf, type FilePath, isOpenFile, nameOfFile, type OpenFile } from "./file-path.ts";
import { firstViolation } from "./gate.ts";
import { type OptionNames, refuseUnknown } from "./known-options.ts";
import {
	awaitJob,
	callNative,
	type Native,
	type NativeImage,
	type NativeWriteOptions,
	type NativeWriter,
	native,
} from "./native.ts";
import { runInSlices } from "./slices.ts";
import { checkIsTree, type Tree } from "./tree.ts";

export interface VersionOptions {
	/** Lowest composefs version of the image, 0 or 1. Default: 0 */
	readonly minVersion?: number | undefined;
	/** Highest version that may be used if the tree needs it (whiteouts need 1), 0 or 1. Default: 1 */
	readonly maxVersion?: number | undefined;
}

export interface WriteImageOptions extends VersionOptions {
	/**
	 * Where the image goes. A path: a new file beside it is written, synced and renamed, so the path has the whole
	 * new image or its old file; symlinks are followed, devices, pipes and files without a name (by a link in /proc) written to directly. An open file: from its
	 * current position. Left out: the image is in the result.
	 */
	readonly to?: FilePath | OpenFile | undefined;
	/**
	 * Whether the image at a path is synced, as in fs.writeFile. Without it, a crash of the system soon afterwards may
	 * leave an unfinished file: for images that can be made again (mkcomposefs syncs none). Default: true
	 */
	readonly flush?: boolean | undefined;
	/** Compute digest, size and version, and keep nothing. Not together with `to`. */
	readonly digestOnly?: boolean | undefined;
	readonly signal?: AbortSignal | undefined;
}

export interface WrittenImage {
	/** The image, unless `to` or `digestOnly` was given. */
	readonly image?: Uint8Array;
	/** fs-verity digest of the image, 64 hexadecimal digits: what `mkcomposefs --print-digest` prints. */
	readonly digest: string;
	/** Bytes of the image */
	readonly size: number;
	/** The composefs version in the image's header. */
	readonly version: number;
	/** What the image cannot express as the tree has it. */
	readonly warnings: readonly WriteWarning[];
}

/** The result without `to` or `digestOnly`. */
export interface ImageInMemory extends WrittenImage {
	readonly image: Uint8Array;
}

export interface WriteWarning {
	/** `WHITEOUT_LISTED`: of version 0; there is one for all whiteouts, with the path of the first. */
	readonly code: "WHITEOUT_IN_OPAQUE_DIRECTORY" | "WHITEOUT_LISTED";
	readonly path: string;
	readonly message: string;
}

/**
 * Writes the composefs image of a tree: the bytes that `mkcomposefs` 1.0.8 writes. The tree must not change
 * until the promise settles. Encoding takes slices of a few milliseconds of this thread, the rest is done on
 * another one; several writes, also from worker threads, may run at once.
 *
 * @throws ComposefsError: a broken rule, or the error of a system call; or the reason of `signal`
 */
export async function writeImage(
	tree: Tree,
	options?: WriteImageOptions & { readonly to?: undefined; readonly digestOnly?: false | undefined },
): Promise<ImageInMemory>;
export async function writeImage(tree: Tree, options: WriteImageOptions): Promise<WrittenImage>;
export async function writeImage(tree: Tree, options: WriteImageOptions = {}): Promise<WrittenImage> {
	options?.signal?.throwIfAborted();
	checkArguments(tree, options);
	const begin = () => ({ to: options.to === undefined ? undefined : nameOfFile(options.to) });
	const resultOf = ({ digest, size, version }: WrittenImage) => ({ digest, size, version });
	return trace("composefs:write-image", begin, () => write(tree, options), resultOf);
}

const NAMES: OptionNames<WriteImageOptions> = {
	to: true,
	flush: true,
	digestOnly: true,
	minVersion: true,
	maxVersion: true,
	signal: true,
};

/** What callers without types get wrong: nothing would be written where they think, or the error tell of something else. */
function checkArguments(tree: Tree, options: WriteImageOptions): void {
	checkIsTree(tree);
	if (
		typeof options !== "object" ||
		options === null ||
		options instanceof Uint8Array ||
		options instanceof URL
	)
		throw argumentError("options are an object: where the image goes is { to: path }");
	refuseUnknown(options, NAMES);
}

async function write(tree: Tree, options: WriteImageOptions): Promise<WrittenImage> {
	const { signal } = options;
	const checked = checkOptions(options);
	const writer = openWriter(checked);
	try {
		const whiteouts = await encodeTree(tree, adder(writer), signal);
		const file = options.to === undefined ? undefined : nameOfFile(options.to);
		return toResult(await finish(writer, { signal, file }), whiteouts);
	} catch (error) {
		writer.cancel();
		return explain(error, tree, signal);
	}
}

/** Writes an image of chunks that `encodeTree` has made elsewhere; its warnings stay there. */
export async function writeRecords(
	chunks: Iterable<Uint8Array>,
	options: VersionOptions,
): Promise<ImageInMemory> {
	const writer = openWriter(checkOptions(options));
	try {
		const add = adder(writer);
		for (const chunk of chunks) add(chunk);
		return toResult(await finish(writer), { first: undefined, redundant: [] }) as ImageInMemory;
	} catch (error) {
		writer.cancel();
		throw error;
	}
}

function openWriter(options: NativeWriteOptions): NativeWriter {
	const addon = checkedAddon();
	return callNative(() => addon.openWriter(options));
}

function adder(writer: NativeWriter): (chunk: Uint8Array) => void {
	return (chunk) => callNative(() => writer.add(chunk));
}

function finish(writer: NativeWriter, options?: Parameters<typeof awaitJob>[1]): Promise<NativeImage> {
	return awaitJob(() => ({ promise: writer.finish(), cancel: writer.cancel }), options);
}

function toResult({ image, digest, size, version }: NativeImage, whiteouts: Whiteouts): WrittenImage {
	return {
		...(image !== undefined && { image }),
		digest: Buffer.from(digest).toString("hex"),
		size,
		version,
		warnings: warningsOf(whiteouts, version),
	};
}

function checkOptions(options: WriteImageOptions): NativeWriteOptions {
	const { to, digestOnly, flush = true, minVersion = 0, maxVersion = 1 } = options;
	for (const [name, value] of Object.entries({ minVersion, maxVersion }))
		if (value !== 0 && value !== 1) throw argumentError(`${name} is ${value}, not 0 or 1`);
	if (minVersion > maxVersion) throw argumentError("minVersion is greater than maxVersion");
	if (digestOnly && to !== undefined) throw argumentError("digestOnly leaves nothing to write to a file");
	return { minVersion, maxVersion, flush, to: digestOnly ? null : destination(to) };
}

/** What the addon takes: a descriptor, the bytes of a path, or undefined for memory. */
function destination(to: FilePath | OpenFile | undefined): number | Uint8Array | undefined {
	if (to === undefined) return undefined;
	return isOpenFile(to) ? descriptorOf(to) : absolute(to);
}

/** The addon knows records by number alone; what it refuses, the whole gate can name by its path. */
export async function explain(error: unknown, tree: Tree, signal?: AbortSignal): Promise<never> {
	if (error instanceof ComposefsError && error.code === "ERR_COMPOSEFS_RECORDS")
		await runInSlices(firstViolation(tree), signal);
	throw error;
}

/** The layout is not negotiated: an addon of another build would read it wrongly. */
function checkedAddon(): Native {
	const addon = native();
	if (addon.recordsVersion === RECORDS_VERSION) return addon;
	const text = `the addon reads version ${addon.recordsVersion} of records, not ${RECORDS_VERSION}: build it again`;
	throw new ComposefsError("ERR_COMPOSEFS_UNSUPPORTED", text);
}

/** What an image of this version has of its whiteouts that is not as in the tree. */
export function warningsOf({ first, redundant }: Whiteouts, version: number): WriteWarning[] {
	const paths = version > 0 ? redundant : first === undefined ? [] : [first];
	return paths.map((path) => warningOf(path, version));
}

/**
 * The mark by which overlayfs looks for whiteouts when it lists a directory comes with version 1, and takes the place of
 * the one for an opaque directory.
 */
export function warningOf(path: string, version: number): WriteWarning {
	if (version > 0) {
		const message = `${path}: a whiteout in an opaque directory; the image loses the directory's opaque mark`;
		return { code: "WHITEOUT_IN_OPAQUE_DIRECTORY", path, message };
	}
	const message = `${path}: a whiteout in an image of version 0; overlayfs finds nothing there, but lists the name`;
	return { code: "WHITEOUT_LISTED", path, message };
}
