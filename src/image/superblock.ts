/** The beginning of an image: what it says of the whole. */
import { fail } from "./fault.ts";
import {
	BLOCK_BITS,
	BLOCK_SIZE,
	COMPAT_MTIME,
	COMPAT_XATTR_FILTER,
	FLAG_HAS_ACL,
	HEADER,
	HEADER_MAGIC,
	HEADER_VERSION,
	INCOMPAT_CHUNKED_FILE,
	LAST_COMPOSEFS_VERSION,
	SUPERBLOCK,
	SUPERBLOCK_MAGIC,
} from "./layout.ts";
import type { ImageBytes } from "./source.ts";
import { readTime } from "./time.ts";

export interface Superblock {
	/** composefs version: 0 or 1 by libcomposefs, 2 by composefs-rs. */
	readonly version: number;
	/** Some inode has a POSIX ACL: the image is mounted with ACLs on. composefs-rs never says so. */
	readonly hasAcl: boolean;
	readonly inodeCount: number;
	readonly blockCount: number;
	/** Nanoseconds since 1970: the earliest time of all, which compact inodes have. */
	readonly buildTimeNs: bigint;
	readonly rootNid: number;
	/** Where indexes of shared xattrs count from, in bytes. */
	readonly sharedXattrs: number;
	/** Inodes have a filter of the names of their xattrs. */
	readonly hasXattrFilter: boolean;
}

/** What a reader has before an image, and after it; with the fields in this order, which makes them of one shape. */
export const NO_SUPERBLOCK: Superblock = {
	version: 0,
	hasAcl: false,
	inodeCount: 0,
	blockCount: 0,
	buildTimeNs: 0n,
	rootNid: 0,
	sharedXattrs: 0,
	hasXattrFilter: false,
};

/** Sees by the first bytes that something is an image at all. */
export function checkMagic(image: ImageBytes): void {
	const end = SUPERBLOCK.offset + SUPERBLOCK.size;
	if (image.size < end) fail("bounds", 0, `the image has ${image.size} bytes, less than a superblock's end`);
	const { view, base } = image.window(0, end);
	const header = new Fields(view, 0, base);
	header.expect(HEADER.magic, 4, HEADER_MAGIC, "magic", "this is no composefs image: its magic");
}

export function readSuperblock(image: ImageBytes): Superblock {
	checkMagic(image);
	const { view, base } = image.window(0, SUPERBLOCK.offset + SUPERBLOCK.size);
	const fields = new Fields(view, SUPERBLOCK.offset, base);
	const header = new Fields(view, 0, base);

	header.expect(HEADER.version, 4, HEADER_VERSION, "version", "the header's version");
	const flags = header.number(HEADER.flags, 4);
	if (flags > FLAG_HAS_ACL) fail("feature", HEADER.flags, `the header has unknown flags ${flags}`);
	const version = header.number(HEADER.composefsVersion, 4);
	if (version > LAST_COMPOSEFS_VERSION)
		fail("version", HEADER.composefsVersion, `the composefs version is ${version}, not 0, 1 or 2`);
	fields.expect(
		SUPERBLOCK.magic,
		4,
		SUPERBLOCK_MAGIC,
		"magic",
		"this is no composefs image: its magic of EROFS",
	);
	const hasXattrFilter = checkFeatures(fields);
	const blockCount = checkSize(fields, image.size);

	return {
		version,
		hasAcl: (flags & FLAG_HAS_ACL) !== 0,
		inodeCount: fields.number64(SUPERBLOCK.inodeCount, "inode-count"),
		blockCount,
		buildTimeNs: readTime(view, fields.at(SUPERBLOCK.buildTime), fields.at(SUPERBLOCK.buildTimeNsec), base),
		rootNid: fields.number(SUPERBLOCK.rootNid, 2),
		sharedXattrs: fields.number(SUPERBLOCK.xattrBlock, 4) * BLOCK_SIZE,
		hasXattrFilter,
	};
}

/** Fields of a structure at an offset of the image. */
class Fields {
	readonly #view: DataView;
	readonly #start: number;
	readonly #base: number;

	constructor(view: DataView, start: number, base: number) {
		this.#view = view;
		this.#start = start;
		this.#base = base;
	}

	/** Place of a field in the view. */
	at(field: number): number {
		return this.#start - this.#base + field;
	}

	number(field: number, size: 1 | 2 | 4): number {
		const at = this.at(field);
		if (size === 1) return this.#view.getUint8(at);
		return size === 2 ? this.#view.getUint16(at, true) : this.#view.getUint32(at, true);
	}

	number64(field: number, rule: "inode-count"): number {
		const value = this.#view.getBigUint64(this.at(field), true);
		if (value > BigInt(Number.MAX_SAFE_INTEGER)) this.fail(rule, field, `${value} is out of all proportion`);
		return Number(value);
	}

	expect(field: number, size: 1 | 2 | 4, value: number, rule: "magic" | "version" | "feature", what: string) {
		const found = this.number(field, size);
		if (found !== value) this.fail(rule, field, `${what} is ${hex(found)}, not ${hex(value)}`);
	}

	fail(
		rule: "inode-count" | "magic" | "version" | "feature" | "image-size",
		field: number,
		text: string,
	): never {
		fail(rule, this.#start + field, text);
	}
}

/** Refuses what composefs has no use for; whatever it were, it would change the meaning of the rest. */
function checkFeatures(fields: Fields): boolean {
	const compatible = fields.number(SUPERBLOCK.featureCompat, 4);
	if ((compatible & ~(COMPAT_MTIME | COMPAT_XATTR_FILTER)) !== 0)
		fields.fail("feature", SUPERBLOCK.featureCompat, `unknown compatible features ${hex(compatible)}`);
	const incompatible = fields.number(SUPERBLOCK.featureIncompat, 4);
	if ((incompatible & ~INCOMPAT_CHUNKED_FILE) !== 0)
		fields.fail("feature", SUPERBLOCK.featureIncompat, `unknown incompatible features ${hex(incompatible)}`);
	fields.expect(SUPERBLOCK.blockBits, 1, BLOCK_BITS, "feature", "the size of a block, as a power of two,");
	fields.expect(SUPERBLOCK.extensionSlots, 1, 0, "feature", "the number of extension slots");
	fields.expect(SUPERBLOCK.metaBlock, 4, 0, "feature", "the first block of inodes");
	fields.expect(SUPERBLOCK.compressionAlgorithms, 2, 0, "feature", "the set of compression algorithms");
	fields.expect(SUPERBLOCK.extraDevices, 2, 0, "feature", "the number of further devices");
	fields.expect(SUPERBLOCK.directoryBlockBits, 1, 0, "feature", "the size of a directory's block");
	fields.expect(SUPERBLOCK.xattrPrefixCount, 1, 0, "feature", "the number of long xattr prefixes");
	fields.expect(SUPERBLOCK.packedNid, 4, 0, "feature", "the packed inode");
	fields.expect(SUPERBLOCK.packedNid + 4, 4, 0, "feature", "the packed inode");
	return (compatible & COMPAT_XATTR_FILTER) !== 0;
}

function checkSize(fields: Fields, imageSize: number): number {
	const blocks = fields.number(SUPERBLOCK.blockCount, 4);
	if (blocks * BLOCK_SIZE !== imageSize) {
		const text = `the superblock has ${blocks} blocks of ${BLOCK_SIZE} bytes, the image ${imageSize} bytes`;
		fields.fail("image-size", SUPERBLOCK.blockCount, text);
	}
	return blocks;
}

function hex(value: number): string {
	return `0x${value.toString(16)}`;
}
