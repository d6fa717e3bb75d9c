/** How much a reader takes of an image. */
import { READ_LIMITS } from "../limits.ts";
import { fail } from "./fault.ts";
import type { Limits } from "./source.ts";

/**
 * Counts what has been read, against the limits of a call.
 *
 * Places are offsets in the image, for errors. @throws ComposefsError `ERR_COMPOSEFS_IMAGE` with `rule` and `limit`
 */
export class Quota {
	// One by one: to V8, a limit by its name is a search.
	#mostNames: number = READ_LIMITS.inodes;
	#mostXattrs: number = READ_LIMITS.xattrs;
	#mostXattrBytes: number = READ_LIMITS.xattrBytes;
	#mostDepth: number = READ_LIMITS.depth;
	#names = 0;
	#xattrs = 0;
	#xattrBytes = 0;

	begin({ inodes, xattrs, xattrBytes, depth }: Limits): void {
		this.#mostNames = inodes;
		this.#mostXattrs = xattrs;
		this.#mostXattrBytes = xattrBytes;
		this.#mostDepth = depth;
		this.#names = this.#xattrs = this.#xattrBytes = 0;
	}

	/** An inode's first name, or a further one: the limit is of both. */
	addName(offset: number): void {
		if (++this.#names > this.#mostNames) failCount("inodes", "inodes", offset, this.#mostNames, this.#names);
	}

	/** Those of an inode, with the bytes of their names and values. */
	addXattrs(count: number, bytes: number, offset: number): void {
		this.#xattrs += count;
		this.#xattrBytes += bytes;
		if (this.#xattrs > this.#mostXattrs)
			failCount("xattrs", "xattrs", offset, this.#mostXattrs, this.#xattrs);
		if (this.#xattrBytes > this.#mostXattrBytes)
			failCount("xattr-bytes", "bytes of xattrs", offset, this.#mostXattrBytes, this.#xattrBytes);
	}

	/** @param depth   1 for the root */
	checkDepth(depth: number, offset: number): void {
		const limit = this.#mostDepth;
		if (depth <= limit) return;
		const text = `a directory is ${depth} levels deep, the limit is ${limit}`;
		fail("depth", offset, text, { limit, actual: depth });
	}
}

function failCount(rule: string, what: string, offset: number, limit: number, actual: number): never {
	fail(rule, offset, `there are more than ${limit} ${what}`, { limit, actual });
}
