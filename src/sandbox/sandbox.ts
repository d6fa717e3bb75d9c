/** Functions of this package, done in processes that can reach nothing: for metadata from who knows whom. */
import { computeDigest } from "../digest.ts";
import { type DumpSource, parseDump } from "../dump/parse.ts";
import { encodeTree } from "../encode.ts";
import { ComposefsError } from "../errors.ts";
import { checkLimits, type ImageSource, loadImage, type ReadLimits } from "../image/source.ts";
import { bytesToName } from "../names.ts";
import { Slices } from "../slices.ts";
import { Tree } from "../tree.ts";
import { redundantWhiteout, type VersionOptions, type WrittenImage } from "../write.ts";
import type { InputFile } from "./child.ts";
import { junk } from "./frames.ts";
import { addChunk } from "./operations.ts";
import { checkSandboxOptions, type SandboxOptions, type SandboxSettings } from "./options.ts";
import { Pool } from "./pool.ts";
import type { Enforced } from "./reply.ts";

export interface SandboxCallOptions {
	/** Aborting it ends the worker that is at the request; another takes its place. */
	readonly signal?: AbortSignal | undefined;
}

/** What a sandbox makes images of: a tree of this process, or the text of a dump. */
export type SandboxSource = Tree | { readonly dump: DumpSource };

/**
 * Starts a sandbox: processes that have given up the file system, the network, and starting programs, and serve
 * one request after another. It needs Linux with seccomp; close it when it is done with.
 *
 * @throws ComposefsError `ERR_COMPOSEFS_UNSUPPORTED` where the kernel does not enforce what `require` names
 */
export async function createSandbox(options: SandboxOptions = {}): Promise<Sandbox> {
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
	 * As `writeImage`; the image is in the result, and its digest is computed here, of the bytes that came. A
	 * dump is parsed in the sandbox. A tree is checked here, and written there.
	 *
	 * @throws ComposefsError as `parseDump` and `writeImage` do; `ERR_COMPOSEFS_SANDBOX`
	 */
	async writeImage(
		source: SandboxSource,
		options: VersionOptions & SandboxCallOptions = {},
	): Promise<WrittenImage> {
		const { signal, minVersion, maxVersion } = options;
		const versions = { minVersion, maxVersion };
		if (!(source instanceof Tree)) {
			const feed = (input: InputFile) => feedPieces(dumpOf(source), input, signal);
			return this.#image("image-from-dump", versions, feed, signal);
		}
		let warnings: string[] = [];
		const feed = async (input: InputFile) => {
			warnings = await encodeTree(source, (chunk) => addChunk(chunk, input.write), signal);
		};
		const written = await this.#image("image-from-records", versions, feed, signal);
		return { ...written, warnings: warnings.map(redundantWhiteout) };
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
		const { imageSize } = checkLimits(limits);
		const feed = async (input: InputFile) => {
			const { bytes } = (await loadImage(source, imageSize, signal)).window();
			await feedPieces([bytes], input, signal);
		};
		const [dump] = await this.#run("dump-from-image", limits ?? {}, feed, signal);
		if (dump === undefined) throw junk("no tree");
		return parseDump(dump, signal && { signal });
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
		feed: (input: InputFile) => Promise<void>,
		signal: AbortSignal | undefined,
	): Promise<WrittenImage> {
		const [image, warnings] = await this.#run(operation, options, feed, signal);
		if (image === undefined || warnings === undefined || image.length < HEADER) throw junk("no image");
		return {
			image,
			digest: await computeDigest(image, { signal }),
			size: image.length,
			version: image.readUInt32LE(VERSION_OFFSET),
			warnings: pathsOf(warnings).map(redundantWhiteout),
		};
	}

	#run(
		operation: string,
		options: object,
		feed: (input: InputFile) => Promise<void>,
		signal: AbortSignal | undefined,
	): Promise<Buffer[]> {
		return this.#pool.run({ operation, options, feed, signal });
	}
}

/** Of composefs, at the beginning of an image. */
const HEADER = 32;
const VERSION_OFFSET = 12;
const PIECE_SIZE = 1 << 20;

function dumpOf(source: { readonly dump: DumpSource }): Exclude<DumpSource, string | Uint8Array> {
	const dump = source?.dump;
	if (typeof dump === "string" || dump instanceof Uint8Array) return [dump];
	if (typeof dump === "object" && dump !== null) return dump;
	throw new ComposefsError("ERR_COMPOSEFS_ARGUMENT", "the source is neither a Tree nor { dump }");
}

/** Hands over what comes, giving way to the event loop in between. */
async function feedPieces(
	pieces: Exclude<DumpSource, string | Uint8Array>,
	input: InputFile,
	signal: AbortSignal | undefined,
): Promise<void> {
	const slices = new Slices(signal);
	for await (const piece of pieces) {
		const bytes = typeof piece === "string" ? Buffer.from(piece, "utf8") : piece;
		for (let at = 0; at < bytes.length; at += PIECE_SIZE) {
			input.write(bytes.subarray(at, at + PIECE_SIZE));
			if (slices.isOver()) await slices.next();
		}
	}
}

function pathsOf(warnings: Buffer): string[] {
	const paths: string[] = [];
	for (let at = 0; at < warnings.length; ) {
		const end = warnings.indexOf(0, at);
		if (end < 0) throw junk("a path without an end");
		paths.push(bytesToName(warnings.subarray(at, end)));
		at = end + 1;
	}
	return paths;
}
