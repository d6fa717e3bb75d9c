/** Contents of a layer's files, on their way into a store. */
import { createHash, type Hash } from "node:crypto";
import {
	type ContentChunk,
	type ContentName,
	type FoundContent,
	INLINE_SIZE,
	type StoredContent,
} from "../content.ts";
import { argumentError } from "../errors.ts";
import { type ExternalFile, NO_BYTES, type RegularFile } from "../inode.ts";
import type { TarEntry } from "../tar/entry.ts";
import { hashZeros } from "./hash-zeros.ts";

/** Where contents go: an `ObjectStore`, or anything else that keeps them under their fs-verity digests. */
export interface ContentStore {
	/** Settles soon after the signal aborts: whoever gives up waits for that. */
	put(
		content: Uint8Array | AsyncIterable<ContentChunk>,
		options: { readonly signal?: AbortSignal | undefined; readonly size?: number | undefined },
	): Promise<{ readonly digest: string; readonly path: string }>;
	/** Makes durable what was put. */
	flush?(options: { readonly signal?: AbortSignal | undefined }): Promise<void>;
	/**
	 * What there is of contents by their SHA-256, in their order: an object, or bytes that images have inline. Without
	 * this, all that a layer's table of contents names is fetched.
	 */
	find?(
		contents: readonly ContentName[],
		options: { readonly signal?: AbortSignal | undefined },
	): Promise<readonly (FoundContent | undefined)[]>;
	/** Remembers content under its SHA-256, which was checked; what is not an object has at most 64 bytes. */
	remember?(sha256: string, content: Uint8Array | { readonly digest: string; readonly size: number }): void;
}

/** @throws ComposefsError `ERR_COMPOSEFS_ARGUMENT` */
export function checkStore(store: ContentStore | undefined): void {
	if (typeof store?.put === "function") return;
	throw argumentError("a store is needed, for the contents of files");
}

/** Files of up to so many bytes are gathered, and put while the next ones are read; larger ones are streamed. */
const GATHERED_SIZE = 1 << 20;
/** Of gathered files that are not in the store yet: bytes, and how many. */
const MOST_BYTES = 16 << 20;
const MOST_FILES = 256;
/** After how many bytes what was put is made durable: about a second of a fast network. */
const FLUSHED_SIZE = 32 << 20;

export class Contents {
	readonly #store: ContentStore;
	readonly #signal: AbortSignal;
	readonly #failure = new AbortController();
	/** Puts and flushes on their way. */
	readonly #puts = new Set<Promise<void>>();
	readonly #remembers: boolean;
	#bytes = 0;
	#unflushed = 0;

	/** @param remember  whether the store is told the SHA-256 of a tar's files */
	constructor(
		store: ContentStore,
		{ signal, remember = false }: { signal?: AbortSignal | undefined; remember?: boolean | undefined } = {},
	) {
		this.#store = store;
		this.#remembers = remember && store.remember !== undefined;
		this.#signal =
			signal === undefined ? this.#failure.signal : AbortSignal.any([signal, this.#failure.signal]);
	}

	/**
	 * A file of a tar, its content read. Its `digest` and `path` are there when `settled` is.
	 *
	 * @throws what an earlier file has failed with; what the archive throws; the signal's reason
	 */
	async file(entry: TarEntry): Promise<RegularFile> {
		this.#signal.throwIfAborted();
		const { size } = entry;
		// A copy of its own size: it stays as long as the tree.
		if (size === 0) return inlineFile(entry, NO_BYTES);
		const hash = this.#remembers ? createHash("sha256") : undefined;
		const content = hash === undefined ? entry.content() : hashed(entry.content(), hash, this.#signal);
		if (size <= INLINE_SIZE) {
			const bytes = Uint8Array.from(await gather(size, content));
			if (hash !== undefined) this.remember(hash.digest("hex"), bytes);
			return inlineFile(entry, bytes);
		}
		const file = externalFile(entry);
		await this.keep(size, content, ({ digest, path }) => {
			file.digest = digest;
			file.path = path;
			if (hash !== undefined) this.remember(hash.digest("hex"), { digest, size });
		});
		return file;
	}

	/** What the store has of contents. */
	async find(contents: readonly ContentName[]): Promise<readonly (FoundContent | undefined)[]> {
		return (await this.#store.find?.(contents, { signal: this.#signal })) ?? [];
	}

	/** Content whose SHA-256 is that. */
	remember(sha256: string, content: Uint8Array | { readonly digest: string; readonly size: number }): void {
		this.#store.remember?.(sha256, content);
	}

	/**
	 * Puts content into the store. What is small is read now and put meanwhile, when others are done.
	 *
	 * @param done  is told where it is, at the latest when `settled` is
	 * @throws what an earlier content has failed with; what the content throws; the signal's reason
	 */
	async keep(
		size: number,
		content: AsyncIterable<ContentChunk>,
		done: (stored: StoredContent) => void,
	): Promise<void> {
		this.#signal.throwIfAborted();
		if (size > GATHERED_SIZE) {
			done(await this.#put(size, content));
			return;
		}
		while (this.#puts.size > 0 && (this.#bytes + size > MOST_BYTES || this.#puts.size >= MOST_FILES))
			await Promise.race(this.#puts);
		this.#signal.throwIfAborted();
		this.#bytes += size;
		const put = this.#put(size, await gather(size, content)).then(done);
		const forget = () => {
			this.#bytes -= size;
		};
		this.#track(put.finally(forget));
	}

	/** So many bytes more need not be fetched again, once they are durable: they are made so now and then. */
	fetched(size: number): void {
		this.#unflushed += size;
		if (this.#unflushed < FLUSHED_SIZE || this.#store.flush === undefined) return;
		this.#unflushed = 0;
		this.#track(this.#store.flush({ signal: this.#signal }));
	}

	/** Waits until all is in the store. @throws what a file has failed with */
	async settled(): Promise<void> {
		await Promise.all(this.#puts);
		this.#signal.throwIfAborted();
	}

	/** Gives up what is under way, and waits for its end. */
	async abandon(reason: unknown): Promise<void> {
		this.#failure.abort(reason);
		await Promise.all(this.#puts);
	}

	/** What it fails with, all fails with. */
	#track(work: Promise<void>): void {
		const settled: Promise<void> = work
			.catch((error) => this.#failure.abort(error))
			.finally(() => this.#puts.delete(settled));
		this.#puts.add(settled);
	}

	#put(size: number, content: Uint8Array | AsyncIterable<ContentChunk>): Promise<StoredContent> {
		return this.#store.put(content, { signal: this.#signal, size });
	}
}

async function* hashed(
	content: AsyncIterable<ContentChunk>,
	hash: Hash,
	signal: AbortSignal,
): AsyncGenerator<ContentChunk> {
	for await (const chunk of content) {
		if (chunk instanceof Uint8Array) hash.update(chunk);
		else await hashZeros(hash, chunk.hole, signal);
		yield chunk;
	}
}

/** From this size on, content that comes in one piece is not copied: its source does not use it again. */
const SHARED_SIZE = 4096;

/** The content in one piece, holes as zeros. */
export async function gather(size: number, content: AsyncIterable<ContentChunk>): Promise<Uint8Array> {
	let bytes: Buffer | undefined;
	let at = 0;
	for await (const chunk of content) {
		const isBytes = chunk instanceof Uint8Array;
		if (isBytes && chunk.length === size && size >= SHARED_SIZE) return chunk;
		bytes ??= Buffer.allocUnsafe(size);
		if (isBytes) bytes.set(chunk, at);
		else bytes.fill(0, at, at + chunk.hole);
		at += isBytes ? chunk.length : chunk.hole;
	}
	return bytes ?? NO_BYTES;
}

function inlineFile({ mode, uid, gid, mtimeNs, xattrs }: TarEntry, content: Uint8Array): RegularFile {
	const none = undefined;
	return { type: "file", mode, uid, gid, mtimeNs, xattrs, content, size: none, digest: none, path: none };
}

function externalFile({ mode, uid, gid, mtimeNs, xattrs, size }: TarEntry): ExternalFile {
	const none = undefined;
	return { type: "file", mode, uid, gid, mtimeNs, xattrs, content: none, size, digest: none, path: none };
}
