/** Many inodes of an open image, read one after the other by one call. */
import { Slices } from "../slices.ts";
import type { Place } from "./directory.ts";
import { Quota } from "./quota.ts";
import type { Limits } from "./source.ts";

export class Reading {
	readonly quota = new Quota();
	readonly #slices = new Slices();
	/** Inodes whose xattrs were counted. */
	readonly #met = new Set<number>();

	constructor(limits: Limits) {
		this.quota.begin(limits);
	}

	/** Counts a name, and gives way to the event loop. */
	async addName({ from }: Place): Promise<void> {
		this.quota.addName(from);
		if (this.#slices.isOver()) await this.#slices.next();
	}

	/** Counts the xattrs of the inode that a name is of, once. */
	addXattrs({ nid, from }: Place, count: number, bytes: number): void {
		if (!this.#met.has(nid)) this.quota.addXattrs(count, bytes, from);
		this.#met.add(nid);
	}
}
