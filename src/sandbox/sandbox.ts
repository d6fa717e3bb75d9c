/** Functions of this package, done in processes that can reach nothing: for metadata from who knows whom. */
import { abortable } from "../abortable.ts";
import { computeDigest } from "../digest.ts";
import { parseDump } from "../dump/parse.ts";
import type { DumpSource } from "../dump/source.ts";
import { encodeTree, type Whiteouts } from "../encode.ts";
import { argumentError, ComposefsError } from "../errors.ts";
import { checkLimits, type ImageSource, loadImage, type ReadLimits } from "../image/source.ts";
import { LIMITS } from "../limits.ts";
import { bytesToName } from "../names.ts";
import { Slices } from "../slices.ts";
import { isWhole, piecesOf, pieceToBytes } from "../text-piece.ts";
import type { TocText } from "../toc/feed.ts";
import type { ParseTocOptions } from "../toc/parse.ts";
import { Tree } from "../tree.ts";
import { explain, type ImageInMemory, type VersionOptions, warningOf, warningsOf } from "../write.ts";
import type { RequestInput } from "./child.ts";
import { checkDumpLimits } from "./dump-limits.ts";
import { junk } from "./fault.ts";
import type { InputFile } from "./feed.ts";
import { endDocument, writePiece } from "./input.ts";
import { checkSandboxOptions, type SandboxOptions, type SandboxSettings } from "./options.ts";
import { Pool } from "./pool.ts";
import type { Enforced } from "./reply.ts";

export interface SandboxCallOptions {
	/** Aborting it ends the worker that is at the request; another takes its place. */
	readonly signal?: AbortSignal | undefined;
}

/**
 * What a sandbox makes images of: a tree of this process; the text of a dump; documents as `parseTocJson` of
 * `composefs/toc` takes them, with its limits.
 */
export type SandboxSource =
	| Tree
	| { readonly dump: DumpSource }
	| { readonly toc: readonly TocText[]; readonly limits?: ParseTocOptions["limits"] };

/**
 * Starts a sandbox: processes that have given up the file system, the network, and starting programs, and serve
 * one request after another. It needs Linux with seccomp; close it when it is done with.
 *
 * @throws ComposefsError `ERR_COMPOSEFS_UNSUPPORTED` where the kernel does not enforce what `require` names, and
 *   outside of Node
 */
export async function createSandbox(options: SandboxOptions = {}): Promise<Sandbox> {
	const other = ["bun", "deno", "electron"].find((runtime) => process.versions[runtime] !== undefined);
	if (other !== undefined)
		throw new ComposefsError("ERR_COMPOSEFS_UNSUPPORTED", `a sandbox needs Node, this is ${other}`);
	return startSandbox(checkSandboxOptions(options));
}

/** @param entry   program of its workers; another one for tests */
export async function startSandbox(settings: SandboxSettings, entry?: string): Promise<Sandbox> {
	const pool = new Pool(settings, entry);
	const { seccomp, landlock, noNewPrivs } = (await pool.start()).enforced;
	return new Sandbox(pool, { seccomp, landlock, noNewPrivs });
}

/**
 * All calls may be made at once; more than there are workers wait. A worker that crashes, takes too long or too
 * much memory is one rejected promise, `ERR_COMPOSEFS_SANDBOX` with its `rule`, and is replaced.
 */
export class Sandbox implements AsyncDisposable {
	/** What this kernel enforces, as the system calls said. */
	readonly enforced: Enforced;
	readonly #pool: Pool;

	constructor(pool: Pool, enforced: Enforced) {
		this.#pool = pool;
		this.enforced = enforced;
	}

	/**
	 * As `writeImage`; the image is in the result, and its digest is computed here, of the bytes that came. Texts are
	 * parsed in the sandbox. A tree is checked here, and written there.
	 *
	 * @throws ComposefsError as `parseDump`, `parseTocJson` and `writeImage` do; `ERR_COMPOSEFS_SANDBOX`
	 */
	async writeImage(
		source: SandboxSource,
		{ signal, minVersion, maxVersion }: VersionOptions & SandboxCallOptions = {},
	): Promise<ImageInMemory> {
		const versions = { minVersion, maxVersion };
		if (source instanceof Tree) return this.#writeTree(source, versions, signal);
		if (typeof source === "object" && source !== null && "dump" in source) {
			const feed = (input: InputFile) => feedPieces(source.dump, input.write, input.signal);
			const isGathered = !isWhole(source.dump);
			return this.#image("image-from-dump", versions, { feed, isGathered }, signal);
		}
		if (!Array.isArray(source?.toc)) throw argumentError("the source is no Tree, { dump } or { toc: [] }");
		const feed = async (input: InputFile) => {
			for (const document of source.toc) {
				await feedPieces(document, (piece) => writePiece(piece, input.write), input.signal);
				endDocument(input.write);
			}
		};
		const isGathered = !source.toc.every(isWhole);
		const options = { ...versions, limits: source.limits };
		return this.#image("image-from-toc", options, { feed, isGathered }, signal);
	}

	async #writeTree(
		tree: Tree,
		versions: VersionOptions,
		signal: AbortSignal | undefined,
	): Promise<ImageInMemory> {
		let whiteouts: Whiteouts = { first: undefined, redundant: [] };
		const feed = async (input: InputFile) => {
			whiteouts = await encodeTree(tree, (chunk) => writePiece(chunk, input.write), input.signal);
		};
		const written = await this.#image("image-from-records", versions, { feed }, signal).catch((error) =>
			explain(error, tree, signal),
		);
		return { ...written, warnings: warningsOf(whiteouts, written.version) };
	}

	/**
	 * As `readImage`. The image is read in the sandbox; the tree comes as a dump, which is parsed and checked here.
	 *
	 * @throws ComposefsError as `readImage` does; `ERR_COMPOSEFS_SANDBOX`
	 */
	async readImage(
		source: ImageSource,
		{ limits, signal }: SandboxCallOptions & { readonly limits?: ReadLimits | undefined } = {},
	): Promise<Tree> {
		const checked = checkLimits(limits);
		const feed = async (input: InputFile) => {
			const { bytes } = (await loadImage(source, checked.imageSize, input.signal)).window();
			await feedPieces(bytes, input.write, input.signal);
		};
		const request = { operation: "dump-from-image", options: limits ?? {}, feed, signal };
		return this.#pool.run(request, async ([dump]) => {
			if (dump === undefined) throw junk("no tree");
			await checkDumpLimits(dump, checked, signal);
			return parseDump(dump, signal && { signal }).catch((error) => badDump(error, signal));
		});
	}

	/** Ends all workers; what they are at is rejected with the rule `closed`. */
	async close(): Promise<void> {
		await this.#pool.close();
	}

	async [Symbol.asyncDispose](): Promise<void> {
		await this.close();
	}

	/** Nothing but the bytes of the image is taken from the worker: all else is found out here. */
	async #image(
		operation: string,
		options: object,
		input: RequestInput,
		signal: AbortSignal | undefined,
	): Promise<ImageInMemory> {
		return this.#pool.run({ operation, options, ...input, signal }, async ([image, warnings]) => {
			if (image === undefined || warnings === undefined || image.length < HEADER) throw junk("no image");
			const version = image.readUInt32LE(VERSION_OFFSET);
			const paths = await pathsOf(warnings, image.length / INODE_BYTES, signal);
			return {
				image,
				digest: await computeDigest(image, { signal }),
				size: image.length,
				version,
				warnings: paths.map((path) => warningOf(path, version)),
			};
		});
	}
}

/** One that works writes what is read here. */
function badDump(error: unknown, signal: AbortSignal | undefined): never {
	signal?.throwIfAborted();
	if (!(error instanceof ComposefsError)) throw error;
	throw junk(`a dump that is none: ${error.message}`, { cause: error });
}

/** Of composefs, at the beginning of an image. */
const HEADER = 32;
const VERSION_OFFSET = 12;
/** The fewest that an inode takes in an image. */
const INODE_BYTES = 32;
const PIECE_SIZE = 1 << 20;
/** Bytes of a path in a tree. */
const MAX_PATH = (LIMITS.depth + 1) * (LIMITS.nameLength + 1);

/** Hands over what comes, giving way to the event loop in between. */
async function feedPieces(
	source: DumpSource | TocText,
	write: (bytes: Uint8Array) => void,
	signal: AbortSignal | undefined,
): Promise<void> {
	const slices = new Slices(signal);
	for await (const piece of abortable(piecesOf(source), signal)) {
		if (slices.isOver()) await slices.next();
		const bytes = pieceToBytes(piece);
		for (let at = 0; at < bytes.length; at += PIECE_SIZE) {
			write(bytes.subarray(at, at + PIECE_SIZE));
			if (slices.isOver()) await slices.next();
		}
	}
}

/** @param most   as many as there can be: each is of an inode of its own */
async function pathsOf(warnings: Buffer, most: number, signal: AbortSignal | undefined): Promise<string[]> {
	const slices = new Slices(signal);
	const paths: string[] = [];
	for (let at = 0; at < warnings.length; ) {
		const end = warnings.indexOf(0, at);
		if (end < 0 || end - at > MAX_PATH || paths.length >= most) throw junk("warnings of no image");
		paths.push(bytesToName(warnings.subarray(at, end)));
		at = end + 1;
		if (slices.isOver()) await slices.next();
	}
	return paths;
}
