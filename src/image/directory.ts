/** The entries of a directory, block by block. */
import type { Bytes } from "../byte-pool.ts";
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
	/** How many the block has. */
	total = 0;
	readonly names: string[] = [];
	readonly nids: number[] = [];
	/** As in DIRENT_TYPES. */
	readonly types: number[] = [];
	/** Of the entries in the image, in bytes. */
	offset = 0;

	/** Lets go of all names. */
	forget(): void {
		this.count = this.total = 0;
		for (const list of [this.names, this.nids, this.types]) list.length = 0;
	}

	/** Reads all entries of the block of that number. */
	read(image: ImageBytes, data: DirectoryData, index: number): void {
		this.#parse(image, data, index, 0, Number.POSITIVE_INFINITY);
	}

	/** Reads one entry of the block of that number, and returns its name; checks no other. */
	readOne(image: ImageBytes, data: DirectoryData, index: number, entry: number): string {
		this.#parse(image, data, index, entry, 1);
		return this.names[0] as string;
	}

	/** Place of an entry in the image. */
	place(index: number): number {
		return this.offset + index * DIRENT.size;
	}

	#parse(image: ImageBytes, data: DirectoryData, index: number, first: number, most: number): void {
		const isTail = index >= data.blockCount;
		const at = isTail ? data.tailOffset : data.blocksOffset + index * BLOCK_SIZE;
		const length = isTail ? data.tailSize : BLOCK_SIZE;
		if (length < DIRENT.size) fail("dirent-count", at, `a directory's block has ${length} bytes`);
		const window = image.window(at, length);
		const start = at - window.base;
		const namesStart = window.view.getUint16(start + DIRENT.nameOffset, true);
		const count = namesStart / DIRENT.size;
		if (!Number.isInteger(count) || count === 0 || namesStart >= length)
			fail("dirent-count", at + DIRENT.nameOffset, `names begin at ${namesStart}, not behind whole entries`);
		this.offset = at + first * DIRENT.size;
		this.total = count;
		this.count = Math.min(count - first, most);
		this.#readEntries(window, start + first * DIRENT.size);
		this.#readNames(window, start, first, length);
	}

	#readEntries({ view }: Window, start: number): void {
		for (let index = 0; index < this.count; index++) {
			const entry = start + index * DIRENT.size;
			const high = view.getUint32(entry + DIRENT.nid + 4, true);
			const nid = view.getUint32(entry + DIRENT.nid, true) + high * 2 ** 32;
			// Beyond that it loses digits, and is out of bounds in any case.
			this.nids[index] = Math.min(nid, MAX_NID);
			this.types[index] = view.getUint8(entry + DIRENT.type);
		}
	}

	/** The names stand one behind another; the last one ends with the block, or at a NUL. */
	#readNames({ bytes, view }: Window, start: number, first: number, length: number): void {
		const { count, total } = this;
		const namesStart = total * DIRENT.size;
		const end = nameEnd(bytes, start + namesStart, start + length) - start;
		const text = plainText(bytes, start + namesStart, start + end);
		let lastFrom = 0;
		let from = view.getUint16(start + first * DIRENT.size + DIRENT.nameOffset, true);
		if (from < namesStart) this.#failLength(0, from - namesStart);
		for (let index = 0; index < count; index++) {
			const next = start + (first + index + 1) * DIRENT.size + DIRENT.nameOffset;
			const to = first + index + 1 < total ? view.getUint16(next, true) : end;
			if (to <= from || to > end || to - from > LIMITS.nameLength) this.#failLength(index, to - from);
			const name =
				text === undefined
					? this.#anyName(bytes, start + from, start + to, index)
					: text.slice(from - namesStart, to - namesStart);
			if (index > 0 && !isBefore(bytes, start + lastFrom, start + from, start + to))
				this.#failOrder(index, this.names[index - 1] as string, name);
			this.names[index] = name;
			lastFrom = from;
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

/** Whether a name comes before the one that stands behind it. By their bytes: names that were cut are slow to compare. */
function isBefore(bytes: Buffer, start: number, middle: number, end: number): boolean {
	const shorter = Math.min(middle - start, end - middle);
	for (let at = 0; at < shorter; at++) {
		const byte = bytes[start + at] as number;
		const next = bytes[middle + at] as number;
		if (byte !== next) return byte < next;
	}
	return middle - start < end - middle;
}

function nameEnd(bytes: Buffer, from: number, end: number): number {
	const last = bytes[end - 1];
	if (last !== 0) return end;
	// The padding of a block, at most once in a directory.
	const nul = bytes.indexOf(0, from);
	return nul < 0 || nul > end ? end : nul;
}

/** What is not ASCII, or may stand in no name. */
const NOT_PLAIN = /[\0/\x80-\uffff]/;

/** All names of a block as one string, of which they are cut; undefined if a byte needs a closer look. */
function plainText(bytes: Bytes, start: number, end: number): string | undefined {
	const text = bytes.utf8Slice(start, end);
	return NOT_PLAIN.test(text) ? undefined : text;
}

/** A name in a directory, and where the image has it. */
export interface Place {
	readonly name: string;
	readonly nid: number;
	readonly from: number;
	/** Of the entry: its inode must have the same. */
	readonly type: number | undefined;
}

/** An entry of a block that was read; undefined where it has none. */
export function placeAt(block: DirectoryBlock, index: number): Place | undefined {
	const nid = block.nids[index];
	if (nid === undefined || index >= block.count) return undefined;
	return { name: block.names[index] as string, nid, from: block.place(index), type: block.types[index] };
}

/** All entries but the two that every directory has. */
export function placesOf(block: DirectoryBlock): Place[] {
	const places: Place[] = [];
	for (let at = 0; at < block.count; at++) {
		const place = placeAt(block, at);
		if (place !== undefined && place.name !== "." && place.name !== "..") places.push(place);
	}
	return places;
}
