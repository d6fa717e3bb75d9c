/** The contents of the files that are not inline: digested, or put into a store. */
import type { StoredContent } from "../content.ts";
import { ComposefsError } from "../errors.ts";
import { type FileIdentity, pathToString } from "../file-path.ts";
import type { FoundFile } from "../found-files.ts";
import type { ExternalFile } from "../inode.ts";
import { nameToBytes } from "../names.ts";
import { objectPath } from "../object-path.ts";
import { forEachParallel, Slots } from "../parallel.ts";
import type { ScanRecord } from "./decode.ts";
import { digestFiles } from "./digests.ts";
import type { Place } from "./place.ts";
import { changed } from "./problem.ts";

/** What takes contents: an `ObjectStore`, or anything else that keeps a file's bytes under their digest. */
export interface FileStore {
	/** Takes the file at a path, if it is the one that `identity` says, and stays it until it is read. */
	put(
		source: { readonly file: Uint8Array },
		options: { readonly identity: FileIdentity; readonly signal: AbortSignal },
	): Promise<StoredContent>;
	/** Takes several such files at once; what becomes of one is its result. Where it is left out, each is put. */
	putFiles?(
		files: readonly FoundFile[],
		options: { readonly signal: AbortSignal },
	): Promise<(StoredContent | ComposefsError)[]>;
}

/** One inode whose content is to be read, and what is to know of it. */
export class Content implements FoundFile {
	readonly record: ScanRecord;
	/** Every name of it; the first is the one to open. */
	readonly places: Place[];
	/** One, or with broken links one for each name. */
	readonly inodes: ExternalFile[];

	constructor(record: ScanRecord, place: Place, inode: ExternalFile) {
		this.record = record;
		// Nearly all have one of each: an array that grows has room for many.
		this.places = [place];
		this.inodes = [inode];
	}

	get path(): string {
		return (this.places[0] as Place).path;
	}

	get size(): number {
		return this.record.size;
	}

	get packedIdentity(): BigInt64Array {
		return this.record.packedIdentity;
	}
}

/** What is told of each content. */
export interface ContentEvents {
	done(content: Content): void;
	/** May throw, to end it all. */
	failed(content: Content, error: ComposefsError): void;
}

/** What open(2) says of a path that is not that file any more. */
const GONE = new Set(["ENOENT", "ENOTDIR", "ELOOP", "ENXIO", "EISDIR", "ESTALE"]);

/** Of one job: enough that a job's own cost is small beside it, few enough that threads end together. */
const BATCH_FILES = 256;
const BATCH_BYTES = 4 << 20;
/** The same, where each is a put of its own. */
const SINGLE_FILES = 64;

/** Batches besides those in work: the next one must be ready when one ends, while this thread takes the results. */
const AHEAD = 1;

type Taken = StoredContent | ComposefsError;

/** Reads contents, in at most `threads` batches at a time, and completes their inodes. */
export async function takeContents(
	contents: readonly Content[],
	{ store, threads, signal }: { store: FileStore | undefined; threads: number; signal: AbortSignal },
	events: ContentEvents,
): Promise<void> {
	const slots = new Slots(threads);
	const isPacked = store === undefined || store.putFiles !== undefined;
	const [files, ahead] = isPacked ? [BATCH_FILES, AHEAD] : [SINGLE_FILES, 0];
	const take = async (batch: Content[], either: AbortSignal) => {
		// A store has a limit of its own.
		const results = await (store === undefined
			? slots.run(() => digestBatch(batch, either))
			: putBatch(store, batch, either));
		for (const [i, content] of batch.entries()) settle(content, results[i] as Taken, events);
	};
	await forEachParallel(batches(contents, files), threads + ahead, take, signal);
}

async function digestBatch(batch: readonly Content[], signal: AbortSignal): Promise<Taken[]> {
	const results = await digestFiles(batch, signal);
	return results.map((result) =>
		typeof result === "string" ? { digest: result, path: objectPath(result) } : result,
	);
}

function putBatch(store: FileStore, batch: readonly Content[], signal: AbortSignal): Promise<Taken[]> {
	return store.putFiles === undefined ? putEach(store, batch, signal) : store.putFiles(batch, { signal });
}

async function putEach(store: FileStore, batch: readonly Content[], signal: AbortSignal): Promise<Taken[]> {
	const puts = await Promise.allSettled(
		batch.map(({ path, record: { identity } }) =>
			store.put({ file: nameToBytes(path) }, { identity, signal }),
		),
	);
	// Else the reason, if another batch failed, would be taken for what became of these files.
	signal.throwIfAborted();
	return puts.map((put) => {
		if (put.status === "fulfilled") return put.value;
		if (put.reason instanceof ComposefsError) return put.reason;
		throw put.reason;
	});
}

function settle(content: Content, result: Taken, events: ContentEvents): void {
	if (result instanceof ComposefsError) {
		events.failed(content, explain(content, result));
		return;
	}
	for (const inode of content.inodes) {
		inode.digest = result.digest;
		inode.path = result.path;
	}
	events.done(content);
}

/** A file that cannot be opened any more was there a moment ago. The store's own files may be missing too. */
function explain({ path }: Content, error: ComposefsError): ComposefsError {
	const isGone = GONE.has(error.code) && error.path === pathToString(nameToBytes(path));
	return isGone ? changed(path, "it is another file now, or gone", error) : error;
}

function* batches(contents: readonly Content[], files: number): Generator<Content[], void, undefined> {
	let batch: Content[] = [];
	let bytes = 0;
	for (const content of contents) {
		batch.push(content);
		bytes += content.record.size;
		if (batch.length < files && bytes < BATCH_BYTES) continue;
		yield batch;
		batch = [];
		bytes = 0;
	}
	if (batch.length > 0) yield batch;
}
