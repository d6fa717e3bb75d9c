/** The names of a directory of this machine, and all below it, become a tree. */
import { argumentError, ComposefsError } from "../errors.ts";
import type { Directory, ExternalFile, Inode } from "../inode.ts";
import { forEachParallel, Slots } from "../parallel.ts";
import { runInSlices } from "../slices.ts";
import { typeOfMode } from "../stat.ts";
import { Tree } from "../tree.ts";
import { Content } from "./contents.ts";
import type { ScanRecord } from "./decode.ts";
import { isExternal, makeDirectory, makeInode } from "./make.ts";
import type { DirectoryEntry, Settings } from "./options.ts";
import { Place } from "./place.ts";
import { changed, isChange, problemOf } from "./problem.ts";
import { type FoundDirectory, scanDirectories } from "./scan.ts";

/** A directory that is to be read. */
class Visit implements FoundDirectory {
	readonly place: Place;
	readonly record: ScanRecord | undefined;

	constructor(place: Place, record?: ScanRecord) {
		this.place = place;
		this.record = record;
	}

	get path(): string {
		return this.place.path;
	}
}

/** An inode with several names, as it was met first. */
interface Linked {
	readonly record: ScanRecord;
	readonly inode: Inode;
	readonly content: Content | undefined;
}

/** Records between looks at the clock. */
const STEP = 64;
/** Directories of one job: as for files, a job's own cost must be small beside what it does. */
const BATCH = 32;
/** Jobs besides those in work: the next one must be ready when one ends, while this thread takes the records. */
const AHEAD = 1;

export class DirectoryReader {
	/** Files whose content is still to be read. */
	readonly contents: Content[] = [];
	/** Names taken. */
	entries = 0;
	readonly #settings: Settings;
	readonly #links = new Map<string, Linked>();
	/** Found, and not visited yet. */
	readonly #next: Visit[] = [];
	#visiting = 0;
	/** Whoever waits for the end of a visit. */
	#visited: (() => void) | undefined;
	readonly #slots: Slots;
	#root: Directory | undefined;

	constructor(settings: Settings) {
		this.#settings = settings;
		this.#slots = new Slots(settings.threads);
	}

	/**
	 * All names, and everything about them but the contents that are not inline.
	 *
	 * @param path   of the directory, as a name (names.ts)
	 */
	async readNames(path: string, signal: AbortSignal): Promise<Tree> {
		this.#next.push(new Visit(Place.root(path)));
		const visit = (batch: Visit[], either: AbortSignal) => this.#visit(batch, either);
		await forEachParallel(this.#batches(), this.#settings.threads + AHEAD, visit, signal);
		return new Tree(this.#root);
	}

	/** What is to be visited, as it is found; waits while there may be more. */
	async *#batches(): AsyncGenerator<Visit[], void, undefined> {
		while (this.#next.length > 0 || this.#visiting > 0) {
			// Those found last: they are below one another, so that few wait.
			const size = Math.min(BATCH, Math.ceil(this.#next.length / this.#settings.threads));
			if (size > 0) {
				this.#visiting++;
				yield this.#next.splice(-size);
			} else
				await new Promise<void>((resolve) => {
					this.#visited = resolve;
				});
		}
	}

	/** What changed is left out where the caller wants that; of the root itself nothing would be left. */
	skipOrThrow(place: Place, error: unknown): void {
		if (place.parent === undefined || this.#settings.onChanged !== "skip" || !isChange(error)) throw error;
		this.#settings.onSkip?.({ path: place.treePath, error });
	}

	async #visit(batch: readonly Visit[], signal: AbortSignal): Promise<void> {
		try {
			await this.#read(batch, signal);
		} finally {
			this.#visiting--;
			this.#visited?.();
		}
	}

	async #read(batch: readonly Visit[], signal: AbortSignal): Promise<void> {
		const limit = this.#settings.maxEntries - this.entries;
		const results = await this.#slots.run(() => scanDirectories(batch, limit, this.#settings, signal));
		for (const [i, { place }] of batch.entries()) {
			const records = results[i] as (typeof results)[number];
			try {
				if (records instanceof ComposefsError) throw records;
				await runInSlices(this.#take(place, records), signal);
			} catch (error) {
				this.skipOrThrow(place, error);
			}
		}
		this.#settings.onProgress?.({ entries: this.entries, files: 0, bytes: 0, totalFiles: 0, totalBytes: 0 });
	}

	*#take(place: Place, records: Generator<ScanRecord>): Generator<void, void, undefined> {
		const directory = this.#begin(place, records.next().value as ScanRecord);
		let count = 0;
		for (const record of records) {
			this.#takeRecord(place.child(record.name, directory), record);
			if (++count % STEP === 0) yield;
		}
	}

	/** The directory itself. */
	#begin(place: Place, record: ScanRecord): Directory {
		const problem = problemOf(record, place.path);
		if (problem !== undefined) throw problem;
		const directory = makeDirectory(record, this.#settings);
		if (place.parent === undefined) this.#root = directory;
		else place.parent.children.set(place.name, directory);
		return directory;
	}

	#takeRecord(place: Place, record: ScanRecord): void {
		if (!this.#isWanted(place, record)) return;
		try {
			if (record.problem !== 0) throw problemOf(record, place.path);
			this.#count(place);
			if (place.parent?.children.has(place.name))
				throw changed(place.path, "its directory has the name twice");
			if (typeOfMode(record.status) === "directory") this.#next.push(new Visit(place.asDirectory(), record));
			else this.#addInode(place, record);
		} catch (error) {
			this.skipOrThrow(place, error);
		}
	}

	#isWanted(place: Place, record: ScanRecord): boolean {
		const { skipDevices, filter } = this.#settings;
		const type = typeOfMode(record.status);
		if (skipDevices && (type === "character-device" || type === "block-device")) return false;
		if (filter === undefined) return true;
		const answer: unknown = filter(toEntry(record, type, place.treePath));
		return typeof answer === "boolean" ? answer : refuseAnswer(answer);
	}

	#count({ path }: Place): void {
		const { maxEntries } = this.#settings;
		if (++this.entries <= maxEntries) return;
		const text = `${path}: more than ${maxEntries} names are too many`;
		throw new ComposefsError("ERR_COMPOSEFS_TREE", text, { rule: "inodes", path, limit: maxEntries });
	}

	#addInode(place: Place, record: ScanRecord): void {
		const key = record.links > 1 ? keyOf(record) : undefined;
		const known = key === undefined ? undefined : this.#links.get(key);
		if (known !== undefined && !isSame(known.record, record))
			throw changed(place.path, "another name of the inode was read in another state");
		const shared = this.#breaksLinks(record) ? undefined : known?.inode;
		const inode = shared ?? makeInode(record, place, this.#settings);
		place.parent?.children.set(place.name, inode);
		const content = isExternal(inode) ? this.#takeContent(place, record, inode, known) : undefined;
		if (key !== undefined && known === undefined) this.#links.set(key, { record, inode, content });
	}

	/** Whiteouts are not linked in an image, but overlayfs links those of an upper folder. */
	#breaksLinks(record: ScanRecord): boolean {
		if (this.#settings.breakHardLinks) return true;
		return typeOfMode(record.status) === "character-device" && record.isNullDevice;
	}

	#takeContent(place: Place, record: ScanRecord, inode: ExternalFile, known: Linked | undefined): Content {
		if (known?.content === undefined) {
			const content = new Content(record, place, inode);
			this.contents.push(content);
			return content;
		}
		known.content.places.push(place);
		if (inode !== known.inode) known.content.inodes.push(inode);
		return known.content;
	}
}

/** Which inode it is. */
function keyOf(record: ScanRecord): string {
	const { dev, ino } = record.identity;
	return `${dev}:${ino}`;
}

function isSame(a: ScanRecord, b: ScanRecord): boolean {
	const theirs = b.packedIdentity;
	return a.packedIdentity.every((field, i) => field === theirs[i]);
}

function toEntry(record: ScanRecord, type: Inode["type"] | undefined, path: string): DirectoryEntry {
	const { status, uid, gid, mtimeNs, links: nlink, rdev, identity } = record;
	const { size, dev, ino } = identity;
	return { path, type, mode: status & 0o7777, uid, gid, mtimeNs, size, nlink, rdev, dev, ino };
}

/** Nobody waits for it, so its failure would be nobody's. */
function refuseAnswer(answer: unknown): never {
	const isPromise = typeof answer === "object" && answer !== null && "then" in answer;
	// Nobody would catch what it is rejected with.
	if (isPromise) Promise.resolve(answer).catch(() => undefined);
	throw argumentError(`filter gives a boolean, not ${isPromise ? "a promise of one" : typeof answer}`);
}
