/** The object store: contents of files, each under the fs-verity digest of its bytes. */
import { constants } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import type { ContentName, FoundContent } from "../content.ts";
import { checkDigest } from "../digest.ts";
import { ComposefsError } from "../errors.ts";
import { absolute, type FilePath, pathToBytes, pathToString } from "../file-path.ts";
import type { FoundFile } from "../found-files.ts";
import type { StoreObject } from "../image/index.ts";
import { checkIsArray } from "../lists.ts";
import { awaitJob, type NativeFailure, type NativeSeen, type NativeStore, toError } from "../native.ts";
import { objectPath } from "../object-path.ts";
import { systemCall } from "../system-call.ts";
import { ContentIndex, type Indexed } from "./content-index.ts";
import { findContents } from "./find.ts";
import type { FsckOptions, FsckResult } from "./fsck.ts";
import type { GcOptions, GcResult } from "./gc.ts";
import { checkIsStore, inside, listStore, type StoreEntry } from "./list.ts";
import type { OpenStore } from "./open-store.ts";
import {
	choice,
	parallelOf,
	type StoreOptions,
	TRUST_OF_BYTES,
	type Trust,
	toNativeOptions,
	type VerifyObjectOptions,
} from "./options.ts";
import type { ImageOrTree } from "./references.ts";
import type { Content, ObjectStat, PutOptions, StoredObject } from "./stored.ts";
import { StoreWriter } from "./writer.ts";

// What reads images is loaded when it is needed: most stores are only put into, by short commands too.

/**
 * An object store of mkcomposefs's layout, `<folder>/ab/cdef…`, as one writer sees it. Any number of processes may put
 * objects into one at a time; `gc` needs it for itself. Close it: what was put and not flushed is lost.
 */
export class ObjectStore {
	readonly #root: Buffer;
	readonly #parallel: number;
	readonly #native: NativeStore;
	readonly #writer: StoreWriter;
	readonly #index: ContentIndex;
	readonly #trust: Trust;
	readonly #collecting = new Set<Promise<GcResult>>();
	#closing: Promise<void> | undefined;

	private constructor(path: FilePath, store: NativeStore, parallel: number, options: StoreOptions) {
		this.#root = Buffer.from(pathToBytes(path));
		this.#native = store;
		this.#parallel = parallel;
		this.#writer = new StoreWriter(this.#root, store, parallel, options.onProgress);
		this.#index = new ContentIndex(this.#root);
		this.#trust = options.trust ?? "size";
	}

	/** @throws ComposefsError: a wrong option, or the error of a system call */
	static async open(named: FilePath, options: StoreOptions = {}): Promise<ObjectStore> {
		const path = absolute(named);
		const parallel = parallelOf(options);
		const nativeOptions = toNativeOptions(path, options);
		const store = await awaitJob((addon) => addon.openStore(nativeOptions), { file: pathToString(named) });
		return new ObjectStore(path, store, parallel, options);
	}

	/**
	 * Puts content into the store, unless it is there. When it is durable is up to the option `sync`.
	 *
	 * @throws ComposefsError: the error of a system call (`ENOSPC` …); `ERR_COMPOSEFS_CHANGED` where a file is not, or
	 *   does not stay, what it was; `ERR_COMPOSEFS_STORE` where the object's place is taken by what is no object;
	 *   `ERR_COMPOSEFS_VERITY` where fs-verity is required and cannot be had; or the reason of `signal`. Nothing is
	 *   left of what failed.
	 */
	async put(content: Content, { signal, identity, size }: PutOptions = {}): Promise<StoredObject> {
		signal?.throwIfAborted();
		this.#checkOpen();
		return this.#writer.put(content, { signal, identity, size });
	}

	/**
	 * Puts many files as `put` does, for less: each must be the one that was found, before and after it is read. A
	 * file whose digest the store remembers is not looked at: its content when found is taken. Each has its own
	 * result; a failure affects no other.
	 *
	 * @throws ComposefsError where nothing could be put; the reason of `signal`
	 */
	async putFiles(
		files: readonly FoundFile[],
		{ signal }: { readonly signal?: AbortSignal | undefined } = {},
	): Promise<(StoredObject | ComposefsError)[]> {
		signal?.throwIfAborted();
		this.#checkOpen();
		checkIsArray(files, "files");
		return this.#writer.putFiles(files, signal);
	}

	/**
	 * Makes all that was put durable and gives it its name, also puts under way. If it fails, or is aborted, the next one
	 * tries again; but once a sync has failed (`syscall` is `fsync` or `syncfs`) nobody knows what is on the disk: then all
	 * later ones fail in the same way, and so does `close`.
	 */
	async flush(options: { readonly signal?: AbortSignal | undefined } = {}): Promise<void> {
		this.#checkOpen();
		await this.#flush(options);
	}

	async #flush(options: { readonly signal?: AbortSignal | undefined } = {}): Promise<void> {
		await this.#writer.settled(options.signal);
		await this.#writer.flush(options.signal);
		await this.#index.flush();
	}

	/** Flushes, and lets go of the store, once a `gc` that has begun is done. */
	close(): Promise<void> {
		this.#closing ??= this.#close();
		return this.#closing;
	}

	async #close(): Promise<void> {
		await Promise.allSettled(this.#collecting);
		try {
			await this.#flush();
		} finally {
			await awaitJob(() => this.#native.close());
		}
	}

	async [Symbol.asyncDispose](): Promise<void> {
		await this.close();
	}

	/**
	 * Looks contents up by SHA-256, in their order, among those that it was told to `remember`. By the option
	 * `trust`, an object counts if it has the size (`size`), also fits its name (`verity`), or also has that SHA-256
	 * (`content`). What was found stays, as what was put: `gc` is refused until this store is closed, and the next `flush`
	 * makes sure that it is durable; unless nobody could put anything, since the store is read-only.
	 */
	async find(
		contents: readonly ContentName[],
		{ signal }: { readonly signal?: AbortSignal | undefined } = {},
	): Promise<(FoundContent | undefined)[]> {
		this.#checkOpen();
		checkIsArray(contents, "contents");
		const look = (isHeld: boolean) =>
			findContents({ ...this.#open, trust: this.#trust, isHeld }, contents, signal);
		return this.#writer.find(look, signal);
	}

	/** Remembers which object has the content of a SHA-256; or the content, if it has at most 64 bytes. */
	remember(sha256: string, content: Indexed): void {
		this.#checkOpen();
		this.#index.add(checkDigest(sha256), content);
	}

	/** Where an object is, or would be. */
	path(digest: string): Buffer {
		return inside(this.#root, objectPath(checkDigest(digest)));
	}

	/** Whether there is such an object; its content is not looked at. */
	async has(digest: string): Promise<boolean> {
		return (await this.stat(digest)) !== undefined;
	}

	/** Undefined, if there is none. */
	async stat(digest: string): Promise<ObjectStat | undefined> {
		const seen = await this.#inspect(digest, undefined);
		return seen && { size: seen.size, stored: seen.stored, mtimeMs: seen.mtimeMs };
	}

	/**
	 * Whether an object is what its name says: by its content, or by what the kernel measures.
	 *
	 * @throws ComposefsError `ENOENT` where there is none; the reason of `signal`
	 */
	async verify(digest: string, { trust = "content", signal }: VerifyObjectOptions = {}): Promise<boolean> {
		const seen = await this.#inspect(digest, choice("trust", TRUST_OF_BYTES, trust), signal);
		if (seen !== undefined) return seen.sound;
		throw this.#noObject(digest);
	}

	/**
	 * Opens an object for reading. It is closed by the caller.
	 *
	 * @throws ComposefsError `ENOENT` where there is none
	 */
	async open(digest: string): Promise<FileHandle> {
		if ((await this.#inspect(digest, undefined)) === undefined) throw this.#noObject(digest);
		const path = this.path(digest);
		const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
		return systemCall(open(path, flags), path.toString());
	}

	#noObject(digest: string): ComposefsError {
		const path = this.path(digest).toString();
		return new ComposefsError("ENOENT", `ENOENT: no such object, '${path}'`, { path, syscall: "open" });
	}

	async #inspect(
		digest: string,
		trust: number | undefined,
		signal?: AbortSignal,
	): Promise<NativeSeen | undefined> {
		this.#checkOpen();
		signal?.throwIfAborted();
		const bytes = Buffer.from(checkDigest(digest), "hex");
		const [seen] = await awaitJob(() => this.#native.inspect(bytes, trust), { signal });
		if (seen === null || seen === undefined) return undefined;
		if ("size" in seen) return seen;
		throw toError(seen as NativeFailure, this.path(digest).toString());
	}

	/** All objects, in the order of their names; what they hold is not looked at. */
	async *list(): AsyncGenerator<StoreEntry> {
		this.#checkOpen();
		for await (const entries of listStore(this.#root)) yield* entries;
	}

	/**
	 * The objects of a tree or image that the store lacks, or has with another size. An object that has no name of a
	 * store's object (`ab/cdef…`) counts as missing.
	 */
	async missing(
		source: ImageOrTree,
		{ signal }: { readonly signal?: AbortSignal | undefined } = {},
	): Promise<StoreObject[]> {
		this.#checkOpen();
		const { missingFrom } = await import("./missing.ts");
		return missingFrom(this.#open, source, signal);
	}

	/**
	 * Removes the objects that none of the images needs, and what writers that are gone left behind. It needs the
	 * store to itself, even in this process; what this writer put is kept only if one of the images needs it. It
	 * begins when this writer's puts are done and flushed; later puts, finds and flushes wait until it ends, so
	 * `images` must not wait for them.
	 *
	 * @throws ComposefsError `ERR_COMPOSEFS_STORE`, rule `busy`, where others are writing, or collecting, and `no-store`, where the
	 *   folder has other things in it, and no objects; what reading an image throws:
	 *   then nothing is removed
	 */
	async gc(
		images: Iterable<ImageOrTree> | AsyncIterable<ImageOrTree>,
		options: GcOptions = {},
	): Promise<GcResult> {
		this.#checkOpen();
		const collecting = this.#collect(images, options);
		this.#collecting.add(collecting);
		try {
			return await collecting;
		} finally {
			this.#collecting.delete(collecting);
		}
	}

	async #collect(
		images: Iterable<ImageOrTree> | AsyncIterable<ImageOrTree>,
		options: GcOptions,
	): Promise<GcResult> {
		const { collectGarbage } = await import("./gc.ts");
		const check = () => checkIsStore(this.#root);
		const work = (own: string | undefined) => collectGarbage(this.#open, own, images, options);
		return this.#writer.alone({ check, work, looksOnly: options.dryRun === true }, options.signal);
	}

	/** Checks every object, and with images, that what they need is there. */
	async fsck(
		images: Iterable<ImageOrTree> | AsyncIterable<ImageOrTree> = [],
		options: FsckOptions = {},
	): Promise<FsckResult> {
		this.#checkOpen();
		await checkIsStore(this.#root);
		const { checkStore } = await import("./fsck.ts");
		return checkStore(this.#open, images, options);
	}

	get #open(): OpenStore {
		return { root: this.#root, native: this.#native, parallel: this.#parallel, index: this.#index };
	}

	#checkOpen(): void {
		if (this.#closing)
			throw new ComposefsError("ERR_COMPOSEFS_STORE", "the store is closed", { rule: "closed" });
	}
}
