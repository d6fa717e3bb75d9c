/** Which inodes a walk has met, by identity. */
import { fileSize, type Inode } from "./inode.ts";

/** So large that V8 never copies one, as it does with what is young. */
const BLOCK = 1 << 15;
/** Which table has a fingerprint, its last bits say: each grows by itself, so that none stops the event loop for long. */
const TABLE_BITS = 6;
const TABLES = 1 << TABLE_BITS;
/** How many inodes may be touched at once. */
export const MOST_TOUCHED = 64;
/** Words of a slot: the number of an inode plus one, or 0 if the slot is free; the inode's fingerprint. */
const SLOT_WORDS = 2;
const FIRST_WORDS = 64 * SLOT_WORDS;
/**
 * Larger ones are not kept when the index is cleared: all together 16 MiB, enough for a million inodes. New memory is
 * dear where a kernel, and below it a hypervisor, has to find each page of it.
 */
const KEPT_WORDS = (1 << 15) * SLOT_WORDS;
/** Nor are those of which only one word in so many was taken: clearing them would take longer than a small tree does. */
const FULL_ENOUGH = 16;
/**
 * How many slots a search looks at. In a table that is half full it looks at a few; but whoever chooses the times in an
 * archive can choose them so that all fingerprints want the same slots, and each search would look at all of them.
 */
const MOST_SLOTS = 128;
const OUT_OF_REACH = -1;

// A time's low and high half, without making a number of it.
const time = new BigInt64Array(1);
const halves = new Int32Array(time.buffer);

/**
 * Numbers inodes in the order in which they are met, and finds again those that were met before.
 *
 * A Map of a million inodes would do, but stops the event loop for 60 ms whenever it grows, and takes twice
 * the time. So these are hash tables over a fingerprint: any values that all names of an inode have in common.
 * They know the first inode of each fingerprint; the few others with the same one are in a Map after all, and those
 * whose slots are all taken.
 */
export class InodeIndex {
	/** By number, in blocks: one array would be copied whenever it grows, as the first is, for most trees are small. */
	#inodes: Inode[][] = [];
	readonly #tables: Int32Array[] = Array.from({ length: TABLES }, () => new Int32Array(FIRST_WORDS));
	/** Words of each that are taken: at most half. */
	readonly #used = new Int32Array(TABLES);
	readonly #others = new Map<Inode, number>();
	#count = 0;
	readonly #prints = new Int32Array(MOST_TOUCHED);
	/** Some inodes were out of reach: a free slot does not mean any more that an inode is new. */
	#isCrowded = false;

	/** Gives an inode the next number. If it has one already, that is returned, and the number is left out. */
	add(inode: Inode): number | undefined {
		const number = this.#count++;
		if ((number & (BLOCK - 1)) === 0) this.#inodes.push(number === 0 ? [] : new Array(BLOCK));
		(this.#inodes[(number / BLOCK) | 0] as Inode[])[number & (BLOCK - 1)] = inode;
		const print = fingerprint(inode);
		const slots = this.#tables[print & (TABLES - 1)] as Int32Array;
		const slot = findSlot(slots, print);
		if (slot === OUT_OF_REACH) {
			this.#isCrowded = true;
			return this.#addOther(inode, number);
		}
		const first = (slots[slot] as number) - 1;
		if (first >= 0) return this.#at(first) === inode ? first : this.#addOther(inode, number);
		const found = this.#isCrowded ? this.#others.get(inode) : undefined;
		if (found !== undefined) return found;
		slots[slot] = number + 1;
		slots[slot + 1] = print;
		this.#take(print & (TABLES - 1), slots);
		return undefined;
	}

	/** Looks at where each of some inodes has its place, so that all of that is at hand when they are added (see Upcoming). */
	touch(inodes: readonly Inode[], count: number): void {
		const prints = this.#prints;
		const tables = this.#tables;
		for (let n = 0; n < count; n++) prints[n] = fingerprint(inodes[n] as Inode);
		let sum = 0;
		for (let n = 0; n < count; n++) {
			const print = prints[n] as number;
			const slots = tables[print & (TABLES - 1)] as Int32Array;
			sum ^= slots[firstSlot(print) & (slots.length - 1)] as number;
		}
		prints[0] = sum; // lest V8 finds out that nobody needs it
	}

	/** Forgets them all, and keeps room for about as many, within bounds: making it again takes as long as filling it. */
	clear(): void {
		this.#inodes = [];
		for (const [at, table] of this.#tables.entries()) {
			const mostKept = Math.min(KEPT_WORDS, Math.max(FIRST_WORDS, (this.#used[at] as number) * FULL_ENOUGH));
			if (table.length > mostKept) this.#tables[at] = new Int32Array(FIRST_WORDS);
			else if (this.#used[at] !== 0) table.fill(0);
		}
		this.#used.fill(0);
		this.#others.clear();
		this.#count = 0;
		this.#isCrowded = false;
	}

	#addOther(inode: Inode, number: number): number | undefined {
		const found = this.#others.get(inode);
		if (found === undefined) this.#others.set(inode, number);
		return found;
	}

	#at(number: number): Inode | undefined {
		return this.#inodes[(number / BLOCK) | 0]?.[number & (BLOCK - 1)];
	}

	/** Counts a slot of a table as taken, and makes the table larger in time. */
	#take(table: number, slots: Int32Array): void {
		const used = (this.#used[table] as number) + SLOT_WORDS;
		this.#used[table] = used;
		if (used * 2 > slots.length) this.#tables[table] = this.#grown(slots);
	}

	#grown(old: Int32Array): Int32Array {
		// Zeros that are only read are one page of the kernel's, which each first write then has to take out everywhere.
		const slots = new Int32Array(old.length * 2).fill(0);
		for (let at = 0; at < old.length; at += SLOT_WORDS) {
			const number = old[at] as number;
			if (number === 0) continue;
			const print = old[at + 1] as number;
			const slot = findSlot(slots, print);
			if (slot === OUT_OF_REACH) this.#moveOut(number - 1);
			else {
				slots[slot] = number;
				slots[slot + 1] = print;
			}
		}
		return slots;
	}

	#moveOut(number: number): void {
		this.#others.set(this.#at(number) as Inode, number);
		this.#isCrowded = true;
	}
}

/** Where the search for a fingerprint begins, for tables of any length. */
function firstSlot(print: number): number {
	return (print >>> TABLE_BITS) * SLOT_WORDS;
}

/** The slot of a fingerprint in its table, or the free one that it would take. */
function findSlot(slots: Int32Array, print: number): number {
	const mask = slots.length - 1;
	const begin = firstSlot(print);
	for (let at = begin; at < begin + MOST_SLOTS * SLOT_WORDS; at += SLOT_WORDS) {
		const slot = at & mask;
		if (slots[slot] === 0 || slots[slot + 1] === print) return slot;
	}
	return OUT_OF_REACH;
}

function fingerprint(inode: Inode): number {
	time[0] = inode.mtimeNs;
	const mixed = (halves[0] as number) ^ Math.imul(halves[1] as number, 0x85ebca6b);
	const print = Math.imul(mixed ^ Math.imul(salt(inode), 0x9e3779b1), 0xc2b2ae35);
	return print ^ (print >>> 15);
}

/** Tells apart inodes with equal times, which are all of them in a tree made with a fixed epoch. */
function salt(inode: Inode): number {
	switch (inode.type) {
		case "file":
			return fileSize(inode) | 0;
		case "symlink":
			return inode.target.length;
		case "directory":
			return inode.children.size;
		default:
			return 0;
	}
}
