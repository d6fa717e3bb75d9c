/** One entry of a table of contents: the values of its keys. */
import type { EntryType } from "./entry-types.ts";
import { TextRange } from "./json.ts";

/**
 * What an entry says. Ranges are in the cursor's window, and hold until the next entry is read.
 *
 * Each entry has an object of its own, which dies young. That costs little, and makes the event loop's longest waits
 * shorter by a fifth: V8 collects what is young whenever it has allocated some megabytes, and what takes time then is to
 * copy what lives on, as a tree's inodes all do. The more of those megabytes was fields, the less there is to copy.
 */
export class EntryFields {
	type: EntryType = "reg";
	readonly name: TextRange = new TextRange();
	linkName: TextRange | undefined = undefined;
	/** As it is written: it may have the bits of the type. */
	mode = 0;
	uid = 0;
	gid = 0;
	/** -1 if there is none. */
	size = -1;
	mtimeNs = 0n;
	devMajor = 0;
	devMinor = 0;
	xattrs: Map<string, Uint8Array> | undefined = undefined;
	/** Place of the 64 digits in the window, or -1. */
	digest = -1;
	chunkDigest = -1;
	/** -1 if there is none. */
	offset = -1;
	endOffset = -1;
	chunkSize = 0;
	chunkOffset = 0;
	innerOffset = 0;
	isZeros = false;
	payload: TextRange | undefined = undefined;
	content: Uint8Array | undefined = undefined;
	/** Where the entry begins, in the window. */
	start: number;

	constructor(start: number) {
		this.start = start;
	}
}
