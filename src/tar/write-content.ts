/** Contents of a tree's files, on their way into an archive: read a little ahead, and given out in order. */
import { argumentError, ComposefsError } from "../errors.ts";
import type { ExternalFile } from "../inode.ts";
import { digestOfPath } from "../object-path.ts";
import { Slices } from "../slices.ts";
import type { WrittenEntry } from "./write-entries.ts";

/** What contents are read from: an `ObjectStore`, or anything else that opens objects by their digests. */
export interface ObjectReader {
	/** @param digest  fs-verity digest, 64 digits; where the file has none, those of its path `ab/cdef…` */
	open(digest: string): Promise<ReadableObject>;
}

/** As much of a `FileHandle` as is used here. */
export interface ReadableObject {
	read(
		buffer: Uint8Array,
		offset: number,
		length: number,
		position: number,
	): Promise<{ readonly bytesRead: number }>;
	close(): Promise<void>;
}

export interface EntryWithContent {
	readonly entry: WrittenEntry;
	/** In pieces, `entry.size` bytes in all; to be read before the next entry is asked for. */
	readonly content: AsyncIterable<Uint8Array> | Iterable<Uint8Array>;
}

/** Files of up to so many bytes are read ahead, in one piece. */
const SMALL = 1 << 18;
/** Of what is ahead: entries, and bytes. */
const MOST_ENTRIES = 32;
const MOST_BYTES = 4 << 20;
/** Of larger files, bytes at a time. */
const PIECE = 1 << 19;
const NOTHING: readonly Uint8Array[] = [];
const ENTRIES_PER_CHECK = 64;

interface Pending {
	readonly entry: WrittenEntry;
	readonly small: Promise<Uint8Array> | undefined;
}

/**
 * Entries with their contents. Where the entries are undefined, they take long, and the event loop may go on.
 *
 * @throws ComposefsError `ERR_COMPOSEFS_STORE`, rules `object-missing`, `object-size`; `ERR_COMPOSEFS_ARGUMENT`, rule
 *   `store`, where there is none; what the entries and the store throw; the signal's reason
 */
export async function* withContents(
	entries: Iterable<WrittenEntry | undefined>,
	store: ObjectReader | undefined,
	signal: AbortSignal | undefined,
): AsyncGenerator<EntryWithContent> {
	const slices = new Slices(signal);
	const ahead = new ReadAhead(entries, store);
	try {
		for (let count = 1; ; count++) {
			if (count % ENTRIES_PER_CHECK === 0 && slices.isOver()) await slices.next();
			const next = ahead.next();
			if (next === undefined) {
				if (ahead.hasEnded) return;
				if (slices.isOver()) await slices.next();
				continue;
			}
			const { entry, small } = next;
			const content = small === undefined ? contentOf(entry, store) : [await small];
			signal?.throwIfAborted();
			yield { entry, content };
		}
	} finally {
		await ahead.settled();
	}
}

/** Begins to read small files before they are asked for. */
class ReadAhead {
	readonly #entries: Iterator<WrittenEntry | undefined>;
	readonly #store: ObjectReader | undefined;
	readonly #pending: Pending[] = [];
	#bytes = 0;
	#ended = false;

	constructor(entries: Iterable<WrittenEntry | undefined>, store: ObjectReader | undefined) {
		this.#entries = entries[Symbol.iterator]();
		this.#store = store;
	}

	/** Whether no more will come. */
	get hasEnded(): boolean {
		return this.#ended && this.#pending.length === 0;
	}

	/** Undefined at the end, and where the entries take long. */
	next(): Pending | undefined {
		while (this.#pending.length < MOST_ENTRIES && this.#bytes < MOST_BYTES) if (!this.#begin()) break;
		const next = this.#pending.shift();
		if (next?.small !== undefined) this.#bytes -= next.entry.size;
		return next;
	}

	/** Waits until nothing is read any more. */
	async settled(): Promise<void> {
		await Promise.allSettled(this.#pending.map(({ small }) => small));
	}

	/** Whether there was an entry. */
	#begin(): boolean {
		const { done, value: entry } = this.#entries.next();
		this.#ended = done === true;
		if (done || entry === undefined) return false;
		const { file, size } = entry;
		const isAhead = file !== undefined && file.content === undefined && size <= SMALL;
		const small = isAhead ? readSmall(entry, file, this.#store) : undefined;
		// It counts when its turn comes, if it does.
		small?.catch(() => undefined);
		if (isAhead) this.#bytes += size;
		this.#pending.push({ entry, small });
		return true;
	}
}

function contentOf(entry: WrittenEntry, store: ObjectReader | undefined): EntryWithContent["content"] {
	const { file } = entry;
	if (file === undefined) return NOTHING;
	return file.content === undefined ? readLarge(entry, file, store) : [file.content];
}

async function readSmall(
	entry: WrittenEntry,
	file: ExternalFile,
	store: ObjectReader | undefined,
): Promise<Uint8Array> {
	const object = await openObject(entry, file, store);
	try {
		// With room for a byte too many.
		const bytes = Buffer.allocUnsafe(entry.size + 1);
		const size = await fill(object, bytes, 0);
		if (size !== entry.size) throw wrongSize(entry, size);
		return bytes.subarray(0, size);
	} finally {
		await object.close();
	}
}

async function* readLarge(
	entry: WrittenEntry,
	file: ExternalFile,
	store: ObjectReader | undefined,
): AsyncGenerator<Uint8Array> {
	const object = await openObject(entry, file, store);
	try {
		for (let at = 0; ; ) {
			const bytes = Buffer.allocUnsafeSlow(PIECE);
			const size = await fill(object, bytes, at);
			at += size;
			if (at > entry.size || (size < PIECE && at !== entry.size)) throw wrongSize(entry, at);
			if (size > 0) yield bytes.subarray(0, size);
			if (size < PIECE) return;
		}
	} finally {
		await object.close();
	}
}

/** Reads until the buffer is full or the object ends. */
async function fill(object: ReadableObject, buffer: Uint8Array, position: number): Promise<number> {
	let filled = 0;
	while (filled < buffer.length) {
		const { bytesRead } = await object.read(buffer, filled, buffer.length - filled, position + filled);
		if (bytesRead === 0) break;
		filled += bytesRead;
	}
	return filled;
}

async function openObject(
	{ path }: WrittenEntry,
	file: ExternalFile,
	store: ObjectReader | undefined,
): Promise<ReadableObject> {
	if (store === undefined) {
		const text = `${path}: the content is in an object store: option store is missing`;
		throw argumentError(text, { rule: "store", path });
	}
	const digest = file.digest ?? digestOfPath(file.path ?? "");
	if (digest === undefined) throw missing(path, "nothing says which object has the content");
	try {
		return await store.open(digest);
	} catch (error) {
		if ((error as NodeJS.ErrnoException)?.code !== "ENOENT") throw error;
		throw missing(path, `the store has no object ${digest}, or not before flush()`, error);
	}
}

function missing(path: string, problem: string, cause?: unknown): ComposefsError {
	const rule = "object-missing";
	return new ComposefsError("ERR_COMPOSEFS_STORE", `${path}: ${problem}`, { rule, path, cause });
}

function wrongSize({ path, size: limit }: WrittenEntry, actual: number): ComposefsError {
	const more = actual > limit ? "or more" : "in all";
	const text = `${path}: the object has ${actual} bytes ${more}, the file ${limit}`;
	return new ComposefsError("ERR_COMPOSEFS_STORE", text, { rule: "object-size", path, limit, actual });
}
