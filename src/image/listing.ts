/** All entries of a directory. */
import { blocksOf, checkBlockOrder, DirectoryBlock, type DirectoryData } from "./directory.ts";
import type { ImageBytes } from "./source.ts";

/** The entries of the directory read last, in the order of their names' bytes, `.` and `..` among them. */
export class Listing {
	names: string[] = [];
	nids: number[] = [];
	/** As in DIRENT_TYPES. */
	types: number[] = [];
	/** In the image, in bytes. */
	places: number[] = [];
	readonly #block = new DirectoryBlock();

	/** Reads a directory; yields after each block but the first, which most have none beside. */
	*read(image: ImageBytes, data: DirectoryData): Generator<undefined, void, undefined> {
		// The data may be that of an object for all inodes.
		const { blocksOffset, blockCount, tailOffset, tailSize } = data;
		const own = { blocksOffset, blockCount, tailOffset, tailSize };
		this.names = [];
		this.nids = [];
		this.types = [];
		this.places = [];
		for (let index = 0; index < blocksOf(own); index++) {
			if (index > 0) yield;
			this.#block.read(image, own, index);
			checkBlockOrder(this.names.at(-1), this.#block);
			this.#append();
		}
	}

	#append(): void {
		const { count, names, nids, types } = this.#block;
		for (let at = 0; at < count; at++) {
			this.names.push(names[at] as string);
			this.nids.push(nids[at] as number);
			this.types.push(types[at] as number);
			this.places.push(this.#block.place(at));
		}
	}
}
