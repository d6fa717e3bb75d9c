/** Which bytes of an image belong to an inode or its data: each of them at most once. */
import { fail } from "./fault.ts";
import { BLOCK_SIZE, SLOT_SIZE, SUPERBLOCK } from "./layout.ts";

const FREE = 0;
const TAKEN = 1;
/** The beginning of an inode. */
const INODE = 2;

const SLOTS_PER_BLOCK = BLOCK_SIZE / SLOT_SIZE;

/**
 * Without this, an image of a few kilobytes could say of each slot that it begins an inode with all that
 * follows as its xattrs, and reading would take a thousand times its size in memory.
 */
export class Claims {
	readonly #slots: Uint8Array;

	constructor(imageSize: number) {
		this.#slots = new Uint8Array(Math.ceil(imageSize / SLOT_SIZE));
		this.#slots.fill(TAKEN, 0, Math.ceil((SUPERBLOCK.offset + SUPERBLOCK.size) / SLOT_SIZE));
	}

	/** An inode begins there that has been met before. */
	isInode(nid: number): boolean {
		return this.#slots[nid] === INODE;
	}

	/** Takes an inode with what stands behind it. */
	inode(offset: number, end: number): void {
		const first = offset / SLOT_SIZE;
		this.#take(first, Math.ceil(end / SLOT_SIZE), offset, "an inode");
		this.#slots[first] = INODE;
	}

	/** Takes blocks, data of the inode at `from`. */
	blocks(offset: number, count: number, from: number): void {
		const first = offset / SLOT_SIZE;
		this.#take(first, first + count * SLOTS_PER_BLOCK, from, "the data of an inode");
	}

	#take(first: number, end: number, from: number, what: string): void {
		const slots = this.#slots;
		for (let slot = first; slot < end; slot++) {
			if (slots[slot] !== FREE)
				fail("overlap", from, `${what} shares bytes with another one at ${slot * SLOT_SIZE}`);
			slots[slot] = TAKEN;
		}
	}
}
