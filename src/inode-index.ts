/** Which inodes a walk has met, by identity. */
import { fileSize, type Inode } from "./inode.ts";

const FIRST_CAPACITY = 1 << 10;
const BLOCK = 1 << 12;
/** Words of a slot: the number of an inode plus one, or 0 if the slot is free; the inode's fingerprint. */
const SLOT_WORDS = 2;
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
 * the time. So this is a hash table over a fingerprint: any values that all names of an inode have in common.
 * It knows the first inode of each fingerprint; the few others with the same one are in a Map after all, and those
 * whose slots are all taken.
 */
export class InodeIndex {
	/** By number, in blocks: one array would be copied whenever it grows. */
	readonly #inodes: Inode[][] = [];
	readonly #others = new Map<Inode, number>();
	#slots = new Int32Array(FIRST_CAPACITY * SLOT_WORDS);
	#capacity = FIRST_CAPACITY;
	#used = 0;
	#count = 0;
	/** Some inodes were out of reach: a free slot does not mean any more that an inode is new. */
	#isCrowded = false;

	/** Gives an inode the next number. If it has one already, that is returned, and the number is left out. */
	add(inode: Inode): number | undefined {
		const number = this.#count++;
		if ((number & (BLOCK - 1)) === 0) this.#inodes.push([]);
		(this.#inodes[(number / BLOCK) | 0] as Inode[]).push(inode);
		const print = fingerprint(inode);
		const slot = findSlot(this.#slots, this.#capacity, print);
		if (slot === OUT_OF_REACH) {
			this.#isCrowded = true;
			return this.#addOther(inode, number);
		}
		const first = (this.#slots[slot] as number) - 1;
		if (first >= 0) return this.#at(first) === inode ? first : this.#addOther(inode, number);
		const found = this.#isCrowded ? this.#others.get(inode) : undefined;
		if (found === undefined) this.#take(slot, number, print);
		return found;
	}

	#addOther(inode: Inode, number: number): number | undefined {
		const found = this.#others.get(inode);
		if (found === undefined) this.#others.set(inode, number);
		return found;
	}

	#at(number: number): Inode | undefined {
		return this.#inodes[(number / BLOCK) | 0]?.[number & (BLOCK - 1)];
	}

	#take(slot: number, number: number, print: number): void {
		this.#slots[slot] = number + 1;
		this.#slots[slot + 1] = print;
		if (++this.#used * 2 > this.#capacity) this.#grow();
	}

	#grow(): void {
		const capacity = this.#capacity * 2;
		const slots = new Int32Array(capacity * SLOT_WORDS);
		for (let at = 0; at < this.#slots.length; at += SLOT_WORDS) {
			if (this.#slots[at] === 0) continue;
			const slot = findSlot(slots, capacity, this.#slots[at + 1] as number);
			if (slot === OUT_OF_REACH) this.#moveOut((this.#slots[at] as number) - 1);
			else {
				slots[slot] = this.#slots[at] as number;
				slots[slot + 1] = this.#slots[at + 1] as number;
			}
		}
		this.#slots = slots;
		this.#capacity = capacity;
	}

	#moveOut(number: number): void {
		this.#others.set(this.#at(number) as Inode, number);
		this.#isCrowded = true;
	}
}

/** The slot of a fingerprint, or the free one that it would take. */
function findSlot(slots: Int32Array, capacity: number, print: number): number {
	const end = print + MOST_SLOTS;
	for (let at = print; at < end; at++) {
		const slot = (at & (capacity - 1)) * SLOT_WORDS;
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
