/** What a walk through a tree meets next, and in which order. */
import { type Directory, directory, type Inode } from "./inode.ts";
import type { InodeIndex } from "./inode-index.ts";

/** A directory on the way of a walk. */
export interface Place {
	readonly directory: Directory;
	readonly name: string;
	readonly parent: Place | undefined;
	/** 1 for the root */
	readonly depth: number;
	/** The path, with a slash at the end, once it was asked for. */
	path: string | undefined;
	/** What is in it is not to be met. */
	isRefused: boolean;
}

/** How many names are known ahead: what is looked at of them fits into the fastest caches. */
export const MOST_AHEAD = 64;
const NO_CHILDREN: ReadonlyMap<string, Inode> = new Map();
const NOBODY = directory();
const NOWHERE = placeOf(NOBODY, "", undefined);
/** Sorting so few in a loop takes less than a call. */
const FEW = 16;
const ASCII = /^[\0-\x7f]*$/;

/**
 * Goes through a tree: the children of a directory come together, and behind them all that is below, directory by
 * directory, in the order of their names if all of those are ASCII, else as they came. Nothing is known yet of what
 * comes, not even that it is an inode.
 *
 * It runs some dozen names ahead, and reads something of each before the first is met. A tree is scattered over memory,
 * and a walk that reads each piece when it needs it waits for each; reads that do not depend on one another are waited for
 * together. What is called `touch` here reads for that alone: nothing is done with what it reads.
 */
export class Upcoming {
	/** Directories whose children are to come, the next one last; and those among the children of the one at hand. */
	#pending: Place[] = [];
	#met: Place[] = [];
	/** The directory at hand, and which of its children are to come. */
	#place = NOWHERE;
	#nextNames = NO_CHILDREN.keys();
	#nextInodes = NO_CHILDREN.values();
	/** The names ahead, with their inodes, and the directories that they are, if any. */
	readonly #names: string[] = new Array(MOST_AHEAD).fill("");
	readonly #inodes: Inode[] = new Array(MOST_AHEAD).fill(NOBODY);
	readonly #owns: (Place | undefined)[] = new Array(MOST_AHEAD).fill(undefined);
	/** Their fingerprints, if all of them are inodes. */
	readonly #prints = new Int32Array(MOST_AHEAD);
	#hasPrints = false;
	/** Which of them is at hand, and how many there are. */
	#at = 0;
	#count = 0;
	/** The directories that they are in, one after the other, and how many names come before each one's end. */
	readonly #places: Place[] = new Array(MOST_AHEAD).fill(NOWHERE);
	readonly #ends = new Int32Array(MOST_AHEAD);
	#placeAt = 0;
	#placeCount = 0;
	#hasRefused = false;

	begin(root: Directory): void {
		this.#pending.push(placeOf(root, "", undefined));
	}

	get name(): string {
		return this.#names[this.#at] as string;
	}

	get inode(): Inode {
		return this.#inodes[this.#at] as Inode;
	}

	/** What the index of inodes knows the inode by, or undefined if that is not known yet. */
	get print(): number | undefined {
		return this.#hasPrints ? (this.#prints[this.#at] as number) : undefined;
	}

	/** The directory that the name is in. */
	get place(): Place {
		return this.#places[this.#placeAt] as Place;
	}

	/** Goes to the next name. False if that is not known yet: `look` for it. */
	next(): boolean {
		this.#advance();
		if (this.#hasRefused) this.#skipRefused();
		return this.#at < this.#count;
	}

	#advance(): void {
		if (++this.#at === this.#ends[this.#placeAt]) this.#placeAt++;
	}

	/** The name at hand leads nowhere: nothing below it is to come. */
	refuse(): void {
		const own = this.#owns[this.#at];
		if (own === undefined) return;
		own.isRefused = true;
		this.#hasRefused = true;
	}

	#skipRefused(): void {
		for (; this.#at < this.#count && this.place.isRefused; this.#advance()) this.refuse();
	}

	/** Looks at what comes next; there may be nothing among it that is to be met. False at the end of the tree. */
	look(seen: InodeIndex): boolean {
		this.#at = -1;
		this.#count = 0;
		this.#placeAt = 0;
		this.#placeCount = 0;
		let isEnd = false;
		for (let directories = 0; directories < MOST_AHEAD && this.#count < MOST_AHEAD && !isEnd; directories++) {
			const begin = this.#count;
			this.#takeChildren();
			this.#takeDirectories(begin);
			isEnd = this.#count < MOST_AHEAD && !this.#enterNext();
		}
		this.#touch(seen);
		return this.#count > 0 || !isEnd;
	}

	/** Lets go of the tree. */
	forget(): void {
		this.#pending = [];
		this.#met = [];
		this.#enter(NOWHERE);
		this.#names.fill("");
		this.#inodes.fill(NOBODY);
		this.#places.fill(NOWHERE);
		this.#owns.fill(undefined);
		this.#at = 0;
		this.#count = 0;
		this.#placeAt = 0;
		this.#placeCount = 0;
		this.#hasRefused = false;
	}

	#takeChildren(): void {
		if (this.#place.isRefused) return;
		const names = this.#names;
		const inodes = this.#inodes;
		const nextNames = this.#nextNames;
		const nextInodes = this.#nextInodes;
		let count = this.#count;
		for (; count < MOST_AHEAD; count++) {
			const { done, value } = nextNames.next();
			if (done) break;
			names[count] = value;
			inodes[count] = nextInodes.next().value as Inode;
		}
		if (count > this.#count) {
			this.#places[this.#placeCount] = this.#place;
			this.#ends[this.#placeCount++] = count;
		}
		this.#count = count;
	}

	#takeDirectories(begin: number): void {
		touchInodes(this.#inodes, begin, this.#count);
		for (let n = begin; n < this.#count; n++) {
			const inode = this.#inodes[n] as Inode;
			const name = this.#names[n] as string;
			let own: Place | undefined;
			if (inode?.type === "directory" && typeof name === "string") {
				own = placeOf(inode, name, this.#place);
				this.#met.push(own);
			}
			this.#owns[n] = own;
		}
	}

	/** False if there is none. */
	#enterNext(): boolean {
		if (this.#met.length > 0) this.#putOff();
		const place = this.#pending.pop();
		if (place !== undefined) this.#enter(place);
		return place !== undefined;
	}

	/** Of the directories among the children that came, the first by name is next, so that the addon's walks are short. */
	#putOff(): void {
		const met = this.#met;
		if (!areInOrder(met) && met.every(({ name }) => ASCII.test(name))) sortByName(met);
		for (let place = met.pop(); place !== undefined; place = met.pop()) this.#pending.push(place);
	}

	#enter(place: Place): void {
		const { children } = place.directory;
		const known = children instanceof Map ? children : NO_CHILDREN;
		this.#place = place;
		this.#nextNames = known.keys();
		this.#nextInodes = known.values();
	}

	#touch(seen: InodeIndex): void {
		this.#hasPrints = false;
		try {
			seen.touch(this.#inodes, this.#count, this.#prints);
			this.#hasPrints = true;
			touchContents(this.#inodes, this.#count);
		} catch {
			// One of them is no inode: whoever meets it says so.
		}
	}
}

function placeOf(directory: Directory, name: string, parent: Place | undefined): Place {
	const depth = parent === undefined ? 1 : parent.depth + 1;
	return { directory, name, parent, depth, path: undefined, isRefused: false };
}

function areInOrder(places: readonly Place[]): boolean {
	for (let n = 1; n < places.length; n++)
		if ((places[n - 1] as Place).name > (places[n] as Place).name) return false;
	return true;
}

function sortByName(places: Place[]): void {
	if (places.length > FEW) places.sort((a, b) => (a.name < b.name ? -1 : 1));
	else insertEach(places);
}

function insertEach(places: Place[]): void {
	for (let n = 1; n < places.length; n++) {
		const place = places[n] as Place;
		let at = n;
		for (; at > 0 && (places[at - 1] as Place).name > place.name; at--) places[at] = places[at - 1] as Place;
		places[at] = place;
	}
}

/** Where what was touched goes, lest V8 finds out that nobody needs it. */
const touched = new Int32Array(1);

function touchInodes(inodes: readonly Inode[], begin: number, end: number): void {
	let count = 0;
	for (let n = begin; n < end; n++) if (inodes[n]?.mode === undefined) count++;
	touched[0] = count;
}

function touchContents(inodes: readonly Inode[], end: number): void {
	let sum = 0;
	for (let n = 0; n < end; n++) {
		const inode = inodes[n] as Inode;
		if (inode.type !== "file") continue;
		if (inode.path !== undefined) sum ^= inode.path.length;
		else if (inode.content !== undefined) sum ^= inode.content[0] as number;
	}
	touched[0] = sum;
}
