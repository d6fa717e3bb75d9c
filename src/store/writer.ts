/** The half of a store that puts: one lock for all its puts, their progress, and what is on its way. */
import { setTimeout as pause } from "node:timers/promises";
import { say, trace } from "../diagnostics.ts";
import { ComposefsError } from "../errors.ts";
import { isFileSource, nameOfFile, nativeFile } from "../file-path.ts";
import type { FoundFile } from "../found-files.ts";
import { awaitJob, type NativeStore } from "../native.ts";
import { putFiles } from "./files.ts";
import { argumentError, type StoreOptions, type StoreProgress } from "./options.ts";
import { PutQueue } from "./queue.ts";
import type { Content, PutOptions, StoredObject } from "./stored.ts";
import { putStream } from "./stream.ts";

const LOCK_WAIT_MS = 20;

export class StoreWriter {
	readonly #name: string;
	readonly #native: NativeStore;
	readonly #queue: PutQueue;
	readonly #onProgress: StoreOptions["onProgress"];
	#progress: StoreProgress = { objects: 0, bytes: 0, existed: 0 };
	readonly #putting = new Set<Promise<unknown>>();
	#hasLock = false;

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

	/** Once no put is on its way. */
	async settled(): Promise<void> {
		await Promise.allSettled(this.#putting);
	}

	async flush(signal: AbortSignal | undefined): Promise<void> {
		await awaitJob(() => this.#native.flush(), { signal, file: this.#name });
		const { objects, bytes, existed } = this.#progress;
		say("%s flushed: %d puts so far, %d bytes, %d there already", () => [
			this.#name,
			...[objects, bytes, existed],
		]);
	}

	async #tracked<Result>(put: Promise<Result>): Promise<Result> {
		this.#putting.add(put);
		try {
			return await put;
		} finally {
			this.#putting.delete(put);
		}
	}

	/** Before the first put: waits while somebody, who deletes, has the store alone. */
	async #begin(signal: AbortSignal | undefined): Promise<void> {
		while (!this.#hasLock) {
			this.#hasLock = await awaitJob(() => this.#native.begin(), { signal, file: this.#name });
			if (!this.#hasLock) await pause(LOCK_WAIT_MS);
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
}

function isIterable(content: unknown): boolean {
	if (typeof content !== "object" || content === null) return false;
	return Symbol.asyncIterator in content || Symbol.iterator in content;
}
