/** How much a reader takes of an image. */
import { READ_LIMITS } from "../limits.ts";
import { fail } from "./fault.ts";
import type { Limits } from "./source.ts";

/** What has a limit of its own, and how errors call it. */
const COUNTED = {
	inodes: { rule: "inodes", what: "inodes" },
	xattrs: { rule: "xattrs", what: "xattrs" },
	xattrBytes: { rule: "xattr-bytes", what: "bytes of xattrs" },
} as const;

/**
 * Counts what has been read, against the limits of a call.
 *
 * Places are offsets in the image, for errors. @throws ComposefsError `ERR_COMPOSEFS_IMAGE` with `rule` and `limit`
 */
export class Quota {
	#limits: Limits = READ_LIMITS;
	#names = 0;
	#xattrs = 0;
	#xattrBytes = 0;

	begin(limits: Limits): void {
		this.#limits = limits;
		this.#names = this.#xattrs = this.#xattrBytes = 0;
	}

	/** An inode's first name, or a further one: the limit is of both. */
	addName(offset: number): void {
		this.#names = this.#limited("inodes", this.#names + 1, offset);
	}

	/** Those of an inode, with the bytes of their names and values. */
	addXattrs(count: number, bytes: number, offset: number): void {
		this.#xattrs = this.#limited("xattrs", this.#xattrs + count, offset);
		this.#xattrBytes = this.#limited("xattrBytes", this.#xattrBytes + bytes, offset);
	}

	/** @param depth   1 for the root */
	checkDepth(depth: number, offset: number): void {
		const limit = this.#limits.depth;
		if (depth <= limit) return;
		const text = `a directory is ${depth} levels deep, the limit is ${limit}`;
		fail("depth", offset, text, { limit, actual: depth });
	}

	#limited(which: keyof typeof COUNTED, count: number, offset: number): number {
		const limit = this.#limits[which];
		if (count <= limit) return count;
		const { rule, what } = COUNTED[which];
		fail(rule, offset, `there are more than ${limit} ${what}`, { limit, actual: count });
	}
}
