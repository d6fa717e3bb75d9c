/** The object store: contents of files, each under the fs-verity digest of its bytes. */
import { constants } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { setTimeout as pause } from "node:timers/promises";
import { say, trace } from "../diagnostics.ts";
import { ComposefsError } from "../errors.ts";
import {
	type FilePath,
	isFileSource,
	nameOfFile,
	nativeFile,
	pathToBytes,
	pathToString,
} from "../file-path.ts";
import type { FoundFile } from "../found-files.ts";
import type { StoreObject } from "../image/index.ts";
import { awaitJob, type NativeFailure, type NativeSeen, type NativeStore, toError } from "../native.ts";
import { ContentIndex, type ContentName, type Indexed } from "./content-index.ts";
import { checkDigest, digestOfPath, objectPath } from "./digest.ts";
import { putFiles } from "./files.ts";
import { type FoundContent, findContents } from "./find.ts";
import type { FsckOptions, FsckResult } from "./fsck.ts";
import type { GcOptions, GcResult, OpenStore } from "./gc.ts";
import { inspectAll } from "./inspect.ts";
import { inside, listStore, type StoreEntry } from "./list.ts";
import {
	argumentError,
	type StoreOptions,
	type StoreProgress,
	TRUST,
	type Trust,
	toNativeOptions,
	wholeNumber,
} from "./options.ts";
import { PutQueue } from "./queue.ts";
import type { ImageOrTree } from "./references.ts";
import type { Content, ObjectStat, PutOptions, StoredObject } from "./stored.ts";
import { putStream } from "./stream.ts";

// What reads images is loaded when it is needed: most stores are only put into, by short commands too.

const LIBUV_THREADS = 4;
const LOCK_WAIT_MS = 20;

/**
 * An object store of mkcomposefs's layout, `<folder>/ab/cdef…`, as one writer sees it. Any number of processes may put
 * objects into one at a time; `gc` needs it for itself. Close it: what was put and not flushed is lost.
 */
export class ObjectStore {
	readonly #root: Buffer;
	readonly #parallel: number;
	readonly #native: NativeStore;
	readonly #queue: PutQueue;
	readonly #index: ContentIndex;
	readonly #trust: Trust;
	readonly #onProgress: StoreOptions["onProgress"];
	#progress: StoreProgress = { objects: 0, bytes: 0, existed: 0 };
	readonly #putting = new Set<Promise<unknown>>();
	#writing = false;
	#closing: Promise<void> | undefined;

	private constructor(path: FilePath, store: NativeStore, options: StoreOptions) {
		this.#root = Buffer.from(pathToBytes(path));
		this.#native = store;
		this.#onProgress = options.onProgress;
		const parallel = options.parallel ?? Math.min(availableParallelism(), LIBUV_THREADS);
		this.#parallel = Math.max(1, wholeNumber("parallel", parallel, 1024));
		this.#queue = new PutQueue(store, this.#parallel);
		this.#index = new ContentIndex(this.#root);
		this.#trust = options.trust ?? "size";
	}

	/** @throws ComposefsError: a wrong option, or the error of a system call */
	static async open(path: FilePath, options: StoreOptions = {}): Promise<ObjectStore> {
		const nativeOptions = toNativeOptions(path, options);
		const store = await awaitJob((addon) => addon.openStore(nativeOptions), { file: pathToString(path) });
		return new ObjectStore(path, store, options);
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
		const work = () => this.#begin(signal).then(() => this.#put(content, { signal, identity, size }));
		const put = trace(
			"composefs:store-put",
			() => ({ store: this.#root.toString() }),
			work,
			(it) => it,
		);
		this.#putting.add(put);
		try {
			return this.#count(await put);
		} finally {
			this.#putting.delete(put);
		}
	}

	/**
	 * Puts many files as `put` does, for less: each must be the one that was found, before and after it is read. One
	 * whose digest the store remembers is not looked at: what is taken is its content when it was found. What becomes of
	 * one is its result, and fails no other.
	 *
	 * @throws ComposefsError where nothing could be put; the reason of `signal`
	 */
	async putFiles(
		files: readonly FoundFile[],
		{ signal }: { readonly signal?: AbortSignal | undefined } = {},
	): Promise<(StoredObject | ComposefsError)[]> {
		signal?.throwIfAborted();
		this.#checkOpen();
		const put = this.#begin(signal).then(() => putFiles(this.#native, this.#queue, files, signal));
		this.#putting.add(put);
		try {
			const results = await put;
			for (const result of results) if (!(result instanceof ComposefsError)) this.#count(result);
			return results;
		} finally {
			this.#putting.delete(put);
		}
	}

	/** Before the first put: waits while somebody, who deletes, has the store alone. */
	async #begin(signal: AbortSignal | undefined): Promise<void> {
		while (!this.#writing) {
			this.#writing = await awaitJob(() => this.#native.begin(), { signal, file: this.#root.toString() });
			if (!this.#writing) await pause(LOCK_WAIT_MS);
			signal?.throwIfAborted();
		}
	}

	#count(stored: StoredObject): StoredObject {
		const { objects, bytes, existed } = this.#progress;
		this.#progress = {
			objects: objects + 1,
			bytes: bytes + stored.size,
			existed: existed + (stored.existed ? 1 : 0),
		};
		this.#onProgress?.(this.#progress);
		return stored;
	}

	async #put(content: Content, { signal, identity, size }: PutOptions): Promise<StoredObject> {
		if (content instanceof Uint8Array) return this.#putBytes(content, signal);
		if (isFileSource(content)) {
			const source = nativeFile(content.file, identity);
			const file = nameOfFile(content.file);
			const bytes = identity === undefined ? 0 : Number(identity.size);
			return this.#queue.add({ content: source, file, size: bytes, signal });
		}
		if (!isIterable(content))
			throw argumentError("content is a Uint8Array, { file }, or comes in pieces, from an iterable");
		const streamed = await putStream(this.#native, content, { signal, size });
		return "stored" in streamed ? streamed.stored : this.#putBytes(streamed.bytes, signal);
	}

	#putBytes(bytes: Uint8Array, signal: AbortSignal | undefined): Promise<StoredObject> {
		return this.#queue.add({ content: { bytes }, file: undefined, size: bytes.length, signal });
	}

	/**
	 * Makes durable, and gives its name to, all that was put, also what is on its way. Where it fails, what was put since
	 * the last one may be lost.
	 */
	async flush(options: { readonly signal?: AbortSignal | undefined } = {}): Promise<void> {
		this.#checkOpen();
		await this.#flush(options);
	}

	async #flush(options: { readonly signal?: AbortSignal | undefined } = {}): Promise<void> {
		await Promise.allSettled(this.#putting);
		await this.#index.flush();
		await awaitJob(() => this.#native.flush(), { signal: options.signal, file: this.#root.toString() });
		const { objects, bytes, existed } = this.#progress;
		say("%s flushed: %d puts so far, %d bytes, %d there already", () => [
			this.#root.toString(),
			...[objects, bytes, existed],
		]);
	}

	/** Flushes, and lets go of the store. */
	close(): Promise<void> {
		this.#closing ??= this.#close();
		return this.#closing;
	}

	async #close(): Promise<void> {
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
	 * What the store has of contents by their SHA-256, in their order. It knows those that it was told to `remember`. By
	 * the option `trust`, an object counts if it is there and has the size, or also is what its name says, or also has
	 * that SHA-256.
	 */
	async find(
		contents: readonly ContentName[],
		{ signal }: { readonly signal?: AbortSignal | undefined } = {},
	): Promise<(FoundContent | undefined)[]> {
		this.#checkOpen();
		return findContents({ ...this.#open, trust: this.#trust }, contents, signal);
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
	 * @throws ComposefsError `ENOENT` where there is none
	 */
	async verify(digest: string, { trust = "content" }: { readonly trust?: Trust } = {}): Promise<boolean> {
		const seen = await this.#inspect(digest, trust);
		if (seen !== undefined) return seen.sound;
		const path = this.path(digest).toString();
		throw new ComposefsError("ENOENT", `ENOENT: no such object, '${path}'`, { path, syscall: "open" });
	}

	/** Opens an object for reading. It is closed by the caller. */
	async open(digest: string): Promise<FileHandle> {
		await this.#inspect(digest, undefined);
		return open(this.path(digest), constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
	}

	async #inspect(digest: string, trust: Trust | undefined): Promise<NativeSeen | undefined> {
		this.#checkOpen();
		const bytes = Buffer.from(checkDigest(digest), "hex");
		const number = trust === undefined ? undefined : TRUST[trust];
		const [seen] = await awaitJob(() => this.#native.inspect(bytes, number));
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
		const { listObjects } = await import("../image/index.ts");
		const missing: StoreObject[] = [];
		const named: { readonly digest: string; readonly object: StoreObject }[] = [];
		for (const object of await listObjects(source, { signal })) {
			const digest = digestOfPath(object.path);
			if (digest === undefined) missing.push(object);
			else named.push({ digest, object });
		}
		await inspectAll(this.#native, named, { parallel: this.#parallel, signal }, ({ object }, seen) => {
			if (seen === null) missing.push(object);
			else if (!("size" in seen)) throw toError(seen, inside(this.#root, object.path).toString());
			else if (seen.size !== object.size) missing.push(object);
		});
		return missing.sort((a, b) => (a.path < b.path ? -1 : 1));
	}

	/**
	 * Removes the objects that none of the images needs, and what writers that are gone left behind. It needs the store
	 * for itself, also against writers in this process; what this one put before must be among the images'.
	 *
	 * @throws ComposefsError `ERR_COMPOSEFS_STORE`, rule `busy`, where others are writing; what reading an image throws:
	 *   then nothing is removed
	 */
	async gc(
		images: Iterable<ImageOrTree> | AsyncIterable<ImageOrTree>,
		options: GcOptions = {},
	): Promise<GcResult> {
		await this.flush({ signal: options.signal });
		const { collectGarbage } = await import("./gc.ts");
		return collectGarbage(this.#open, images, options);
	}

	/** Checks every object, and with images, that what they need is there. */
	async fsck(
		images: Iterable<ImageOrTree> | AsyncIterable<ImageOrTree> = [],
		options: FsckOptions = {},
	): Promise<FsckResult> {
		this.#checkOpen();
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

function isIterable(content: unknown): boolean {
	if (typeof content !== "object" || content === null) return false;
	return Symbol.asyncIterator in content || Symbol.iterator in content;
}
