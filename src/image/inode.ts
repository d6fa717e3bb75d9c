/** One inode of an image: its fields, checked, and where its data stands. */
import { LIMITS } from "../limits.ts";
import { fail } from "./fault.ts";
import {
	BLOCK_SIZE,
	CHUNK_BITS_MASK,
	COMPACT,
	DIRENT_TYPES,
	EXTENDED,
	INODE,
	LAST_ESCAPING_VERSION,
	LAYOUT_CHUNKED,
	LAYOUT_INLINE,
	LAYOUT_PLAIN,
	MAX_CHUNKS,
	MAX_XATTR_BYTES,
	NULL_BLOCK,
	SLOT_SIZE,
	XATTR_HEADER,
} from "./layout.ts";
import { type ImageBytes, NO_IMAGE, type Window } from "./source.ts";
import { NO_SUPERBLOCK, type Superblock } from "./superblock.ts";
import { readTime } from "./time.ts";

/** The types that inodes have here, as bits 12 to 15 of their mode. */
export const FIFO = 1;
export const CHARACTER_DEVICE = 2;
export const DIRECTORY = 4;
export const BLOCK_DEVICE = 6;
export const REGULAR = 8;
export const SYMLINK = 10;

/** The fields of the inode read last: one object for all of them, for there are hundreds of thousands. */
export class InodeFields {
	/** Of the inode in the image, in bytes. */
	offset = 0;
	type = 0;
	/** Permission bits */
	mode = 0;
	nlink = 0;
	uid = 0;
	gid = 0;
	mtimeNs = 0n;
	/** Of the data, in bytes. */
	size = 0;
	/** Number of a device. */
	rdev = 0;
	isChunked = false;
	xattrOffset = 0;
	xattrSize = 0;
	/** Whole blocks of data: where, in bytes, and how many. */
	blocksOffset = 0;
	blockCount = 0;
	/** Data behind the inode itself: where, and how many bytes. */
	tailOffset = 0;
	tailSize = 0;

	#image: ImageBytes = NO_IMAGE;
	#superblock: Superblock = NO_SUPERBLOCK;

	/** Begins with an image, and lets go of the one before. */
	open(image: ImageBytes, superblock: Superblock): void {
		this.#image = image;
		this.#superblock = superblock;
	}

	/** First byte behind the inode, its xattrs and its inline data. */
	get end(): number {
		return this.tailOffset + this.tailSize;
	}

	/**
	 * Reads the inode of a nid, which an entry of a directory at `from` has.
	 */
	read(nid: number, from: number): void {
		const at = nid * SLOT_SIZE;
		this.#need(at, COMPACT.size, from, "the inode");
		const window = this.#image.window(at, COMPACT.size);
		const format = window.view.getUint16(at - window.base + INODE.format, true);
		if (format >> 4 !== 0) fail("inode-format", at, `the inode has an unknown format ${format}`);
		const isExtended = (format & 1) !== 0;
		this.offset = at;
		if (isExtended) this.#readExtended(at);
		else this.#readCompact(window, at);
		const { view, base } = isExtended ? this.#image.window(at, EXTENDED.size) : window;
		this.#readCommon(view, at - base, at + (isExtended ? EXTENDED.size : COMPACT.size));
		this.#placeData(format >> 1, view.getUint32(at - base + INODE.union, true));
	}

	#readCompact({ view, base }: Window, at: number): void {
		const start = at - base;
		// The time of the inode, in images that say so by their features.
		if (view.getUint32(start + COMPACT.reserved, true) !== 0) this.#refuseReserved(at + COMPACT.reserved);
		this.nlink = view.getUint16(start + COMPACT.nlink, true);
		this.uid = view.getUint16(start + COMPACT.uid, true);
		this.gid = view.getUint16(start + COMPACT.gid, true);
		this.size = view.getUint32(start + COMPACT.dataSize, true);
		this.mtimeNs = this.#superblock.buildTimeNs;
	}

	#readExtended(at: number): void {
		this.#need(at, EXTENDED.size, at, "the inode");
		const { view, base } = this.#image.window(at, EXTENDED.size);
		const start = at - base;
		// High bits of the start of its data, for images beyond 16 TiB.
		if (view.getUint16(start + EXTENDED.reserved, true) !== 0) this.#refuseReserved(at + EXTENDED.reserved);
		this.nlink = view.getUint32(start + EXTENDED.nlink, true);
		this.uid = view.getUint32(start + EXTENDED.uid, true);
		this.gid = view.getUint32(start + EXTENDED.gid, true);
		const high = view.getUint32(start + EXTENDED.dataSize + 4, true);
		const low = view.getUint32(start + EXTENDED.dataSize, true);
		// Where a product is added, even of 0, each size becomes a number on the heap.
		this.size = high === 0 ? low : low + high * 2 ** 32;
		this.mtimeNs = readTime(view, start + EXTENDED.mtime, start + EXTENDED.mtimeNsec, base);
	}

	/** Kernels read there what composefs has no use for. */
	#refuseReserved(at: number): never {
		fail("inode-format", at, "the inode has a field that only later layouts have");
	}

	#readCommon(view: DataView, start: number, end: number): void {
		const mode = view.getUint16(start + INODE.mode, true);
		this.type = mode >> 12;
		this.mode = mode & 0o7777;
		if (DIRENT_TYPES[this.type] === 0)
			fail("inode-type", this.offset + INODE.mode, `mode ${mode.toString(8)} has no known type`);
		const count = view.getUint16(start + INODE.xattrCount, true);
		this.xattrOffset = end;
		this.xattrSize = count === 0 ? 0 : XATTR_HEADER.size + (count - 1) * 4;
		if (this.xattrSize > MAX_XATTR_BYTES)
			fail("xattr-size", this.offset + INODE.xattrCount, `the xattrs take ${this.xattrSize} bytes`);
		this.#need(end, this.xattrSize, this.offset + INODE.xattrCount, "the xattrs");
		this.tailOffset = end + this.xattrSize;
		this.tailSize = 0;
		this.blockCount = 0;
	}

	/** Finds the data, by its layout and the type. */
	#placeData(layout: number, union: number): void {
		const { type, offset } = this;
		this.isChunked = layout === LAYOUT_CHUNKED;
		this.rdev = type === CHARACTER_DEVICE || type === BLOCK_DEVICE ? union : 0;
		if (type === REGULAR && this.isChunked) {
			this.#placeChunks(union);
		} else if (type === DIRECTORY || type === REGULAR || type === SYMLINK) {
			if (layout !== LAYOUT_PLAIN && layout !== LAYOUT_INLINE)
				fail("inode-format", offset, `data of type ${type} has the layout ${layout}`);
			this.#checkSize();
			this.#placeFlat(layout === LAYOUT_INLINE, union);
		} else {
			if (layout !== LAYOUT_PLAIN) fail("inode-format", offset, "an inode without data has a layout");
			if (this.size !== 0) fail("inode-size", offset, `an inode without data has ${this.size} bytes of it`);
		}
	}

	#checkSize(): void {
		const { type, size, offset } = this;
		if (type === SYMLINK && (size === 0 || size > LIMITS.pathLength))
			fail("inode-size", offset, `a symlink's target has ${size} bytes`);
		if (type === REGULAR && size > LIMITS.contentSize)
			fail("inode-size", offset, `the file has ${size} bytes in the image, more than ${LIMITS.contentSize}`);
		if (type === DIRECTORY && size > this.#image.size)
			fail("inode-size", offset, `the directory has ${size} bytes, more than the image`);
	}

	/** Whole blocks, and inline what is left of the size; or blocks alone. */
	#placeFlat(isInline: boolean, block: number): void {
		const { type, size, offset } = this;
		const rest = size % BLOCK_SIZE;
		if (isInline && rest === 0) fail("inode-size", offset, `inline data of ${size} bytes has nothing inline`);
		if (!isInline && type === DIRECTORY && rest !== 0)
			fail("inode-size", offset, `a directory has ${size} bytes, which are not whole blocks`);
		const blocks = isInline ? Math.floor(size / BLOCK_SIZE) : Math.ceil(size / BLOCK_SIZE);
		this.blockCount = blocks;
		if (blocks > 0) {
			this.blocksOffset = block * BLOCK_SIZE;
			this.#need(this.blocksOffset, blocks * BLOCK_SIZE, offset + INODE.union, "the data");
		}
		if (!isInline) return;
		this.tailSize = rest;
		this.#need(this.tailOffset, rest, offset, "the inline data");
		if ((this.tailOffset % BLOCK_SIZE) + rest > BLOCK_SIZE)
			fail("inline-data", this.tailOffset, "inline data crosses the end of a block");
	}

	/** A file whose data is elsewhere: a table of chunks without data. */
	#placeChunks(union: number): void {
		const { offset, size } = this;
		const format = union & 0xffff;
		if ((format & ~CHUNK_BITS_MASK) !== 0)
			fail("chunk", offset + INODE.union, `the format of chunks ${format} is unknown`);
		if (size > LIMITS.fileSize)
			fail("inode-size", offset, `the file has ${size} bytes, more than ${LIMITS.fileSize}`);
		const count = Math.ceil(size / (BLOCK_SIZE * ((1 << format) >>> 0)));
		if (count > MAX_CHUNKS) fail("chunk", offset + INODE.union, `the file has ${count} chunks`);
		// composefs-rs leaves the table out where overlayfs does not look at it.
		if (this.#superblock.version > LAST_ESCAPING_VERSION) return;
		// A table that does not fit into the block libcomposefs puts elsewhere, and does not say where.
		if ((this.tailOffset % BLOCK_SIZE) + count * 4 > BLOCK_SIZE) return;
		this.tailSize = count * 4;
		this.#need(this.tailOffset, this.tailSize, offset, "the table of chunks");
		const { view, base } = this.#image.window(this.tailOffset, this.tailSize);
		for (let at = this.tailOffset; at < this.end; at += 4)
			if (view.getUint32(at - base, true) !== NULL_BLOCK) fail("chunk", at, "a chunk has data in the image");
	}

	/** Checks that bytes are within the image; `from` is where it says that they are there. */
	#need(at: number, length: number, from: number, what: string): void {
		if (at + length > this.#image.size)
			fail("bounds", from, `${what} would reach to ${at + length}, beyond the end of the image`);
	}
}
