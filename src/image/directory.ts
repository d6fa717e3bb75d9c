/** The entries of a directory, block by block. */
import { LIMITS } from "../limits.ts";
import { bytesToName, compareNames } from "../names.ts";
import { fail } from "./fault.ts";
import { BLOCK_SIZE, DIRENT } from "./layout.ts";
import type { ImageBytes, Window } from "./source.ts";

const MAX_NID = Number.MAX_SAFE_INTEGER;
const SLASH = 0x2f;

/** Where the entries of a directory stand: whole blocks, then what is behind the inode. */
export interface DirectoryData {
	readonly blocksOffset: number;
	readonly blockCount: number;
	readonly tailOffset: number;
	readonly tailSize: number;
}

/** Number of blocks, the part behind the inode counted as one. */
export function blocksOf({ blockCount, tailSize }: DirectoryData): number {
	return blockCount + (tailSize > 0 ? 1 : 0);
}

/**
 * One block of entries, parsed and checked: their names, sorted and without repetition, nids and types. The
 * lists are used again for the next block, and may be longer than this one.
 */
export class DirectoryBlock {
	/** How many entries have been read. */
	count = 0;
	readonly names: string[] = [];
	readonly nids: number[] = [];
	/** As in DIRENT_TYPES. */
	readonly types: number[] = [];
	/** Of the entries in the image, in bytes. */
	offset = 0;

	/** Reads the block of that number, or the first entries of it. */
	read(image: ImageBytes, data: DirectoryData, index: number, most = Number.POSITIVE_INFINITY): void {
		const at = index < data.blockCount ? data.blocksOffset + index * BLOCK_SIZE : data.tailOffset;
		this.#parse(image, at, index < data.blockCount ? BLOCK_SIZE : data.tailSize, most);
	}

	/** Place of an entry in the image. */
	place(index: number): number {
		return this.offset + index * DIRENT.size;
	}

	#parse(image: ImageBytes, at: number, length: number, most: number): void {
		this.offset = at;
		if (length < DIRENT.size) fail("dirent-count", at, `a directory's block has ${length} bytes`);
		const window = image.window(at, length);
		const start = at - window.base;
		const namesStart = window.view.getUint16(start + DIRENT.nameOffset, true);
		const count = namesStart / DIRENT.size;
		if (!Number.isInteger(count) || count === 0 || namesStart >= length)
			fail("dirent-count", at + DIRENT.nameOffset, `names begin at ${namesStart}, not behind whole entries`);
		this.count = Math.min(count, most);
		this.#readEntries(window, start, this.count);
		this.#readNames(window, at, count, length);
	}

	#readEntries({ view }: Window, start: number, count: number): void {
		for (let index = 0; index < count; index++) {
			const entry = start + index * DIRENT.size;
			const high = view.getUint32(entry + DIRENT.nid + 4, true);
			const nid = view.getUint32(entry + DIRENT.nid, true) + high * 2 ** 32;
			// Beyond that it loses digits, and is out of bounds in any case.
			this.nids[index] = Math.min(nid, MAX_NID);
			this.types[index] = view.getUint8(entry + DIRENT.type);
		}
	}

	/** The names stand one behind another; the last one ends with the block, or at a NUL. */
	#readNames(window: Window, at: number, total: number, length: number): void {
		const { bytes, view, base } = window;
		const start = at - base;
		const namesStart = total * DIRENT.size;
		const end = nameEnd(bytes, start + namesStart, start + length);
		const text = plainText(bytes, start + namesStart, end);
		const { count } = this;
		let from = namesStart;
		let last = "";
		for (let index = 0; index < count; index++) {
			const next = start + (index + 1) * DIRENT.size + DIRENT.nameOffset;
			const to = index + 1 < total ? view.getUint16(next, true) : end - start;
			if (to <= from || to > end - start || to - from > LIMITS.nameLength) this.#failLength(index, to - from);
			const name =
				text === undefined
					? this.#anyName(bytes, start + from, start + to, index)
					: text.slice(from - namesStart, to - namesStart);
			if (index > 0 && !isBefore(last, name, text !== undefined)) this.#failOrder(index, last, name);
			this.names[index] = name;
			last = name;
			from = to;
		}
	}

	/** A name in a block that is not all plain text. */
	#anyName(bytes: Buffer, start: number, end: number, index: number): string {
		const name = bytes.subarray(start, end);
		if (name.includes(SLASH) || name.includes(0))
			fail("dirent-name", this.place(index), "a name has a slash or a NUL in it");
		return bytesToName(name);
	}

	#failLength(index: number, length: number): never {
		const text = `a name has ${length} bytes, which is not 1 to ${LIMITS.nameLength} within the block`;
		fail("dirent-name", this.place(index) + DIRENT.nameOffset, text);
	}

	#failOrder(index: number, last: string, name: string): never {
		const text = `${JSON.stringify(name)} comes after ${JSON.stringify(last)}: names are in order, once each`;
		fail("dirent-order", this.place(index), text);
	}
}

/** Checks that a block's names come after those of the block before. */
export function checkBlockOrder(last: string | undefined, block: DirectoryBlock): void {
	const first = block.names[0] as string;
	if (last === undefined || compareNames(last, first) < 0) return;
	const text = `${JSON.stringify(first)} comes after ${JSON.stringify(last)}: names are in order, once each`;
	fail("dirent-order", block.offset, text);
}

function isBefore(a: string, b: string, plain: boolean): boolean {
	return plain ? a < b : compareNames(a, b) < 0;
}

function nameEnd(bytes: Buffer, from: number, end: number): number {
	const last = bytes[end - 1];
	if (last !== 0) return end;
	// The padding of a block, at most once in a directory.
	const nul = bytes.indexOf(0, from);
	return nul < 0 || nul > end ? end : nul;
}

/** What is not ASCII, or may stand in no name. */
const NOT_PLAIN = /[\0/\x80-\xff]/;

/** All names of a block as one string, of which they are cut; undefined if a byte needs a closer look. */
function plainText(bytes: Buffer, start: number, end: number): string | undefined {
	const text = bytes.toString("latin1", start, end);
	return NOT_PLAIN.test(text) ? undefined : text;
}
