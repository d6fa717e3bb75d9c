/** All entries of a directory. */
import { blocksOf, checkBlockOrder, DirectoryBlock, type DirectoryData } from "./directory.ts";
import { DIRENT } from "./layout.ts";
import type { ImageBytes } from "./source.ts";

/**
 * The entries of the directory read last, in the order of their names' bytes, `.` and `..` among them. The lists are
 * used again for the next directory, and may be longer than this one: new ones for each would be a quarter of what
 * reading an image allocates.
 */
export class Listing {
	/** How many entries there are. */
	count = 0;
	readonly names: string[] = [];
	readonly nids: number[] = [];
	/** As in DIRENT_TYPES. */
	readonly types: number[] = [];
	/** In the image, in bytes. */
	readonly places: number[] = [];

	readonly #block = new DirectoryBlock();
	/** Where the entries stand: a copy, since the data may be that of an object for all inodes. */
	readonly #data = { blocksOffset: 0, blockCount: 0, tailOffset: 0, tailSize: 0 };
	#nextBlock = 0;

	/** Lets go of all names. */
	forget(): void {
		this.count = 0;
		for (const list of [this.names, this.nids, this.types, this.places]) list.length = 0;
		this.#block.forget();
	}

	/** Begins with a directory, which has no entries before its blocks are read. */
	begin({ blocksOffset, blockCount, tailOffset, tailSize }: DirectoryData): void {
		this.#data.blocksOffset = blocksOffset;
		this.#data.blockCount = blockCount;
		this.#data.tailOffset = tailOffset;
		this.#data.tailSize = tailSize;
		this.#nextBlock = 0;
		this.count = 0;
	}

	/** Reads the next block. Returns whether there are more. */
	readBlock(image: ImageBytes): boolean {
		const blocks = blocksOf(this.#data);
		if (this.#nextBlock < blocks) {
			this.#block.read(image, this.#data, this.#nextBlock++);
			checkBlockOrder(this.count === 0 ? undefined : this.names[this.count - 1], this.#block);
			this.#append();
		}
		return this.#nextBlock < blocks;
	}

	#append(): void {
		const { count, names, nids, types, offset } = this.#block;
		let end = this.count;
		let place = offset;
		for (let at = 0; at < count; at++) {
			this.names[end] = names[at] as string;
			this.nids[end] = nids[at] as number;
			this.types[end] = types[at] as number;
			this.places[end] = place;
			end++;
			place += DIRENT.size;
		}
		this.count = end;
	}
}
