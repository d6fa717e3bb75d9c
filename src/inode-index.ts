/** Which inodes a walk has met, by identity. */
import { fileSize, type Inode } from "./inode.ts";

/** So large that V8 never copies one, as it does with what is young. */
const BLOCK = 1 << 14;
/**
 * A slot is a word, 0 if it is free. Its low bits are the number of an inode plus one, the others those of its
 * fingerprint: few others need to be looked up to see that they are not the one that is sought.
 */
const NUMBER = (1 << 26) - 1;
const FIRST_SLOTS = 1 << 12;
/**
 * More are not kept when the index is cleared: 8 MiB, enough for a million inodes, as much for the lists of them, and 4 for
 * their fingerprints. New memory is dear where a kernel, and below it a hypervisor, has to find each page of it.
 */
const KEPT_SLOTS = 1 << 21;
const KEPT_BLOCKS = KEPT_SLOTS / 2 / BLOCK;
/** Nor are those of which only one in so many was taken: clearing them would take longer than a small tree does. */
const FULL_ENOUGH = 16;
/** How many slots are cleared, or inodes moved, at a time. */
const CLEARED_AT_ONCE = 1 << 15;
const MOVED_AT_ONCE = 1 << 12;
/**
 * How many slots a search looks at. In a table that is half full it looks at a few; but whoever chooses the times in an
 * archive can choose them so that all fingerprints want the same slots, and each search would look at all of them.
 */
const MOST_SLOTS = 128;
const OUT_OF_REACH = -1;

/** Where what was touched goes, lest V8 finds out that nobody needs it. */
const touched = new Int32Array(1);

// A time's low and high half, without making a number of it.
const time = new BigInt64Array(1);
const halves = new Int32Array(time.buffer);

interface LargerTable {
	readonly slots: Int32Array<ArrayBuffer>;
	/** How many of its slots are cleared, and how many inodes were moved to it. */
	cleared: number;
	moved: number;
	used: number;
}

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
	readonly #inodes: (Inode | undefined)[][] = [];
	readonly #prints: Int32Array<ArrayBuffer>[] = [];
	/** The one of each that is being filled. */
	#newInodes: (Inode | undefined)[] = [];
	#newPrints = new Int32Array(0);
	#count = 0;
	#slots = new Int32Array(FIRST_SLOTS);
	/** How many slots are taken: at most half. */
	#used = 0;
	/** What is to take the place of this table. */
	#larger: LargerTable | undefined;
	readonly #others = new Map<Inode, number>();
	/** Some inodes were out of reach: a free slot does not mean any more that an inode is new. */
	#isCrowded = false;

	/**
	 * Makes room for so many further inodes, a piece at a time. False if that is not all yet. Whoever adds without room
	 * waits for the whole of it.
	 */
	makeRoom(count: number): boolean {
		if ((this.#used + count) * 2 <= this.#slots.length) return true;
		this.#larger ??= { slots: new Int32Array(this.#slots.length * 2), cleared: 0, moved: 0, used: 0 };
		const larger = this.#larger;
		if (larger.cleared < larger.slots.length) clearSome(larger);
		else if (larger.moved < this.#count) this.#moveSome(larger);
		else this.#enlarge(larger);
		return false;
	}

	/**
	 * Gives an inode the next number. If it has one already, that is returned, and the number is left out.
	 * `print` is what `touch` found.
	 */
	add(inode: Inode, print = fingerprint(inode)): number | undefined {
		while (!this.makeRoom(1));
		const number = this.#append(inode, print);
		const slot = number < NUMBER ? this.#findSlot(this.#slots, print) : OUT_OF_REACH;
		if (slot === OUT_OF_REACH) {
			this.#isCrowded = true;
			return this.#addOther(inode, number);
		}
		const first = ((this.#slots[slot] as number) & NUMBER) - 1;
		if (first >= 0) return this.#at(first) === inode ? first : this.#addOther(inode, number);
		const found = this.#isCrowded ? this.#others.get(inode) : undefined;
		if (found !== undefined) return found;
		this.#slots[slot] = slotOf(number, print);
		this.#used++;
		return undefined;
	}

	/**
	 * Looks at where each of some inodes has its place, so that all of that is at hand when they are added (see Upcoming).
	 * Their fingerprints go to `prints`.
	 */
	touch(inodes: readonly Inode[], count: number, prints: Int32Array): void {
		for (let n = 0; n < count; n++) prints[n] = fingerprint(inodes[n] as Inode);
		const slots = this.#slots;
		let sum = 0;
		for (let n = 0; n < count; n++) sum ^= slots[firstSlot(prints[n] as number, slots)] as number;
		touched[0] = sum;
	}

	/** Forgets them all, and keeps room for about as many, within bounds: making it again takes as long as filling it. */
	clear(): void {
		const mostKept = Math.min(KEPT_SLOTS, Math.max(FIRST_SLOTS, this.#used * FULL_ENOUGH));
		if (this.#slots.length > mostKept) this.#slots = new Int32Array(FIRST_SLOTS);
		else if (this.#used > 0) this.#slots.fill(0);
		this.#forgetInodes();
		this.#count = 0;
		this.#used = 0;
		this.#larger = undefined;
		this.#others.clear();
		this.#isCrowded = false;
	}

	#append(inode: Inode, print: number): number {
		const number = this.#count++;
		const at = number & (BLOCK - 1);
		if (at === 0) this.#beginBlock(number / BLOCK);
		this.#newInodes[at] = inode;
		this.#newPrints[at] = print;
		return number;
	}

	#beginBlock(block: number): void {
		if (block === this.#inodes.length) {
			// Filled, so that to V8 each is an array of objects from the start: code for one kind of array is the fastest.
			this.#inodes.push(new Array(BLOCK).fill(undefined));
			this.#prints.push(new Int32Array(BLOCK));
		}
		this.#newInodes = this.#inodes[block] as (Inode | undefined)[];
		this.#newPrints = this.#prints[block] as Int32Array<ArrayBuffer>;
	}

	#forgetInodes(): void {
		const used = Math.ceil(this.#count / BLOCK);
		const kept = Math.min(KEPT_BLOCKS, used);
		this.#inodes.length = kept;
		this.#prints.length = kept;
		this.#newInodes = []; // which may be one that is not kept
		for (const [block, inodes] of this.#inodes.entries())
			inodes.fill(undefined, 0, this.#count - block * BLOCK);
	}

	#addOther(inode: Inode, number: number): number | undefined {
		const found = this.#others.get(inode);
		if (found === undefined) this.#others.set(inode, number);
		return found;
	}

	#at(number: number): Inode {
		return this.#inodes[(number / BLOCK) | 0]?.[number & (BLOCK - 1)] as Inode;
	}

	#printAt(number: number): number {
		return (this.#prints[(number / BLOCK) | 0] as Int32Array)[number & (BLOCK - 1)] as number;
	}

	/** The slot of a fingerprint, or the free one that it would take. */
	#findSlot(slots: Int32Array, print: number): number {
		let slot = firstSlot(print, slots);
		for (let left = MOST_SLOTS; left > 0; left--) {
			const word = slots[slot] as number;
			if (word === 0) return slot;
			if (((word ^ print) & ~NUMBER) === 0 && this.#printAt((word & NUMBER) - 1) === print) return slot;
			slot = (slot + 1) & (slots.length - 1);
		}
		return OUT_OF_REACH;
	}

	#moveSome(larger: LargerTable): void {
		const end = Math.min(this.#count, larger.moved + MOVED_AT_ONCE);
		for (; larger.moved < end; larger.moved++) this.#move(larger.moved, larger);
	}

	/** Of several with one fingerprint the first comes first here too; what is among the others already stays there. */
	#move(number: number, larger: LargerTable): void {
		const { slots } = larger;
		const print = this.#printAt(number);
		const slot = number < NUMBER ? this.#findSlot(slots, print) : OUT_OF_REACH;
		if (slot === OUT_OF_REACH) {
			this.#isCrowded = true;
			this.#addOther(this.#at(number), number);
		} else if (slots[slot] === 0) {
			slots[slot] = slotOf(number, print);
			larger.used++;
		}
	}

	#enlarge({ slots, used }: LargerTable): void {
		this.#slots = slots;
		this.#used = used;
		this.#larger = undefined;
	}
}

/** Zeros that are only read are one page of the kernel's, which each first write then has to take out everywhere. */
function clearSome(larger: LargerTable): void {
	const begin = larger.cleared;
	larger.cleared += CLEARED_AT_ONCE;
	larger.slots.fill(0, begin, larger.cleared);
}

function slotOf(number: number, print: number): number {
	return (number + 1) | (print & ~NUMBER);
}

/** Where the search for a fingerprint begins. */
function firstSlot(print: number, slots: Int32Array): number {
	return print & (slots.length - 1);
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
