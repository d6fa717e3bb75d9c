/** The half of a store that puts: one lock for all its puts, their progress, and what is on its way. */
import { setTimeout as pause } from "node:timers/promises";
import { untilAbort } from "../abort.ts";
import { isIterable } from "../abortable.ts";
import { say, trace } from "../diagnostics.ts";
import { argumentError, ComposefsError } from "../errors.ts";
import { isFileSource, nameOfFile, nativeFile } from "../file-path.ts";
import type { FoundFile } from "../found-files.ts";
import { awaitJob, type NativeStore } from "../native.ts";
import { putFiles } from "./files.ts";
import type { StoreOptions, StoreProgress } from "./options.ts";
import { PutQueue } from "./queue.ts";
import type { Content, PutOptions, StoredObject } from "./stored.ts";
import { putStream, sizeError } from "./stream.ts";

const LOCK_WAIT_MS = 20;
const READ_ONLY = new Set(["EACCES", "EPERM", "EROFS"]);

/** Whether it says that only others can write to the store. */
function isReadOnly(error: unknown): boolean {
	return error instanceof ComposefsError && READ_ONLY.has(error.code);
}

export interface AloneWork<Result> {
	/** Comes before the lock, which makes a store of any folder. */
	check(): Promise<void>;
	/** @param own   undefined if this writer has no folder there */
	work(own: string | undefined): Promise<Result>;
	/** It only looks, and does so without the lock where only others can write. */
	readonly looksOnly: boolean;
}

export class StoreWriter {
	readonly #name: string;
	readonly #native: NativeStore;
	readonly #queue: PutQueue;
	readonly #onProgress: StoreOptions["onProgress"];
	#progress: StoreProgress = { objects: 0, bytes: 0, existed: 0 };
	/** Puts and flushes on their way. */
	readonly #writing = new Set<Promise<unknown>>();
	/** The flush among them. */
	#flushing: Promise<void> | undefined;
	#hasLock = false;
	/** Somebody has the store alone, by `alone`. */
	#isHeld = false;

	constructor(root: Buffer, native: NativeStore, parallel: number, onProgress: StoreOptions["onProgress"]) {
		this.#name = root.toString();
		this.#native = native;
		this.#queue = new PutQueue(native, parallel);
		this.#onProgress = onProgress;
	}

	async put(content: Content, options: PutOptions): Promise<StoredObject> {
		const begin = () => ({ store: this.#name });
		const work = () => this.#begin(options.signal).then(() => this.#put(content, options));
		return this.#count(await this.#tracked(trace("composefs:store-put", begin, work, (it) => it)));
	}

	async putFiles(
		files: readonly FoundFile[],
		signal: AbortSignal | undefined,
	): Promise<(StoredObject | ComposefsError)[]> {
		const put = this.#begin(signal).then(() => putFiles(this.#native, this.#queue, files, signal));
		const results = await this.#tracked(put);
		for (const result of results) if (!(result instanceof ComposefsError)) this.#count(result);
		return results;
	}

	/**
	 * Looks for what is to stay once it is found, as what was put. Counts as a put until it is done.
	 *
	 * @param look   is told whether gc is kept away: not where the store is read-only
	 */
	async find<Result>(
		look: (isHeld: boolean) => Promise<Result>,
		signal: AbortSignal | undefined,
	): Promise<Result> {
		return this.#tracked(this.#hold(signal).then(look));
	}

	async #hold(signal: AbortSignal | undefined): Promise<boolean> {
		try {
			await this.#begin(signal);
			return true;
		} catch (error) {
			if (isReadOnly(error)) return false;
			throw error;
		}
	}

	/** Once what is on its way is done. Throws the signal's reason. */
	async settled(signal: AbortSignal | undefined): Promise<void> {
		await untilAbort(Promise.allSettled(this.#writing), signal);
	}

	/** One at a time: one that finds nothing to do has to know how the one under way ends. */
	async flush(signal: AbortSignal | undefined): Promise<void> {
		while (this.#flushing !== undefined) await untilAbort(Promise.allSettled([this.#flushing]), signal);
		this.#flushing = this.#tracked(awaitJob(() => this.#native.flush(), { signal, file: this.#name }));
		try {
			await this.#flushing;
		} finally {
			this.#flushing = undefined;
		}
		const { objects, bytes, existed } = this.#progress;
		say("%s flushed: %d puts so far, %d bytes, %d there already", () => [
			this.#name,
			...[objects, bytes, existed],
		]);
	}

	/**
	 * Work that needs the store for itself, told the name of this writer's own folder in it. It begins when no put is on
	 * its way, and what was put has its name: no put is held up while one that it may depend on waits for this. Puts
	 * that come later wait until it is done.
	 */
	async alone<Result>(task: AloneWork<Result>, signal: AbortSignal | undefined): Promise<Result> {
		while (this.#writing.size > 0) await this.settled(signal);
		if (this.#isHeld) throw busyError(this.#name);
		this.#isHeld = true;
		try {
			await this.flush(signal);
			await task.check();
			return await this.#locked(task);
		} finally {
			this.#isHeld = false;
		}
	}

	async #locked<Result>({ work, looksOnly }: AloneWork<Result>): Promise<Result> {
		this.#hasLock = false; // it may be lost where others have it
		const own = await awaitJob(() => this.#native.lockAlone(), { file: this.#name }).catch((error) => {
			if (looksOnly && isReadOnly(error)) return undefined;
			throw error;
		});
		if (own === undefined) return work(undefined);
		if (own === null) throw busyError(this.#name);
		try {
			return await work(own);
		} finally {
			await awaitJob(() => this.#native.unlock());
		}
	}

	async #tracked<Result>(work: Promise<Result>): Promise<Result> {
		this.#writing.add(work);
		try {
			return await work;
		} finally {
			this.#writing.delete(work);
		}
	}

	/** Before a put: waits while somebody, who deletes, has the store alone. */
	async #begin(signal: AbortSignal | undefined): Promise<void> {
		while (this.#isHeld || !this.#hasLock) {
			if (this.#isHeld || !(await this.#takeLock(signal))) await pause(LOCK_WAIT_MS);
			signal?.throwIfAborted();
		}
	}

	async #takeLock(signal: AbortSignal | undefined): Promise<boolean> {
		this.#hasLock = await awaitJob(() => this.#native.begin(), { signal, file: this.#name });
		return this.#hasLock;
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
		if (content instanceof Uint8Array) {
			if (size !== undefined && content.length !== size) throw sizeError(content.length, size, true);
			return this.#putBytes(content, signal);
		}
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
}

function busyError(path: string): ComposefsError {
	const message = `${path}: others are writing to the store; gc needs it for itself: try again when they have closed it`;
	return new ComposefsError("ERR_COMPOSEFS_STORE", message, { rule: "busy", path });
}
