/** An image becomes a tree. libcomposefs's own reader crashes on damaged images; this one checks every byte. */
import { trace } from "../diagnostics.ts";
import { nameOfFile } from "../file-path.ts";
import type { Directory, Inode } from "../inode.ts";
import { isWhiteout } from "../inode.ts";
import { runInSlices } from "../slices.ts";
import { Tree } from "../tree.ts";
import { checkBuilt, InodeReader } from "./build.ts";
import { Claims } from "./claims.ts";
import { blocksOf, checkBlockOrder, DirectoryBlock, type DirectoryData } from "./directory.ts";
import { fail } from "./fault.ts";
import { DIRECTORY } from "./inode.ts";
import { DIRENT, DIRENT_TYPES, LAST_ESCAPING_VERSION, SLOT_SIZE, SUPERBLOCK } from "./layout.ts";
import {
	checkLimits,
	type ImageBytes,
	type ImageSource,
	type Limits,
	loadImage,
	type ReadLimits,
} from "./source.ts";
import { readSuperblock, type Superblock } from "./superblock.ts";
import { dropWhiteoutsMarks, hasWhiteoutsMarks } from "./xattrs.ts";

export interface ReadImageOptions {
	readonly signal?: AbortSignal | undefined;
	readonly limits?: ReadLimits | undefined;
}

const ENTRIES_PER_STEP = 128;

/**
 * Reads an image into the tree that `writeImage` takes: images of libcomposefs (composefs versions 0 and 1),
 * and of composefs-rs (also version 2) as far as their digests are SHA-256. For versions 0 and 1, writing the
 * tree with that version gives the same bytes.
 *
 * What the writer adds is left out: the whiteouts `00` to `ff` of the root, its `trusted.overlay.opaque`, and the
 * marks of whiteouts and of directories with whiteouts (`trusted.overlay.overlay.whiteouts`,
 * `trusted.overlay.overlay.opaque` "x", and their twins in `user.overlay.`). `composefs-info dump` shows the last
 * two as attributes of the tree. An opaque "y" that libcomposefs overwrites in version 1 is lost.
 *
 * An image is not trusted. Everything that is read is checked, the kernel's rules and this package's, and no
 * byte is part of two things; so time and memory are in proportion to the image's size. It takes slices of a few
 * milliseconds of this thread. A file is read as a whole first; see `openImage` for looking at a part.
 *
 * An image is refused whose link counts are not those of its names, as mkcomposefs writes it if a dump says so, or
 * in which a whiteout has several names.
 *
 * Values of xattrs that are shared in the image are shared in the tree.
 *
 * @param source   the image's bytes, not to be changed until the promise settles; or its file, by path or open
 * @throws ComposefsError `ERR_COMPOSEFS_IMAGE`, with `offset` and `rule`; or the error of a system call; or the
 *   reason of `signal`
 */
export async function readImage(source: ImageSource, options: ReadImageOptions = {}): Promise<Tree> {
	const begin = () => ({ source: source instanceof Uint8Array ? undefined : nameOfFile(source) });
	const resultOf = ({ size, inodes }: ReadTree) => ({ size, inodes });
	const read = await trace("composefs:read-image", begin, () => readTree(source, options), resultOf);
	return read.tree;
}

interface ReadTree {
	readonly tree: Tree;
	/** Bytes of the image. */
	readonly size: number;
	readonly inodes: number;
}

async function readTree(source: ImageSource, options: ReadImageOptions): Promise<ReadTree> {
	const { signal } = options;
	const limits = checkLimits(options.limits);
	const image = await loadImage(source, limits.imageSize, signal);
	const reader = new TreeReader(image, limits);
	await runInSlices(reader.steps(), signal);
	return { tree: reader.tree(), size: image.size, inodes: reader.inodes };
}

/** A directory whose entries have not been read yet. */
interface Place extends DirectoryData {
	readonly directory: Directory;
	readonly nid: number;
	readonly parentNid: number;
	readonly nlink: number;
	/** Of the inode. */
	readonly offset: number;
	/** 1 for the root */
	readonly depth: number;
	readonly hasMarks: boolean;
	subdirectories: number;
	whiteouts: number;
}

/** An inode with several names. */
interface Linked {
	readonly inode: Inode;
	readonly offset: number;
	readonly type: number;
	/** Names that have not been met yet. */
	missing: number;
}

class TreeReader {
	readonly #image: ImageBytes;
	readonly #limits: Limits;
	readonly #superblock: Superblock;
	readonly #inodes: InodeReader;
	readonly #claims: Claims;
	readonly #linked = new Map<number, Linked>();
	readonly #pending: Place[] = [];
	readonly #block = new DirectoryBlock();
	readonly #root: Place;
	#inodeCount = 0;
	#nameCount = 0;
	#xattrCount = 0;

	constructor(image: ImageBytes, limits: Limits) {
		this.#image = image;
		this.#limits = limits;
		this.#superblock = readSuperblock(image);
		this.#inodes = new InodeReader(image, this.#superblock);
		this.#claims = new Claims(image.size);
		this.#root = this.#readRoot();
	}

	/** Reads the directories, that met last first; yields every few entries. */
	*steps(): Generator<undefined, void, undefined> {
		let entries = 0;
		this.#pending.push(this.#root);
		for (let place = this.#pending.pop(); place !== undefined; place = this.#pending.pop()) {
			const count = blocksOf(place);
			let last: string | undefined;
			let dots = 0;
			for (let index = 0; index < count; index++) {
				const block = this.#block;
				block.read(this.#image, place, index);
				checkBlockOrder(last, block);
				last = block.names[block.count - 1];
				for (let at = 0; at < block.count; at++) {
					if (isDot(block.names[at] as string)) dots += this.#checkDot(place, at);
					else this.#addEntry(place, at);
					if (++entries % ENTRIES_PER_STEP === 0) yield;
				}
			}
			this.#finishDirectory(place, dots);
		}
	}

	get inodes(): number {
		return this.#inodeCount;
	}

	tree(): Tree {
		for (const { missing, offset } of this.#linked.values())
			if (missing > 0) fail("link-count", offset, `${missing} names of an inode are not there`);
		const { inodeCount } = this.#superblock;
		if (inodeCount !== this.#inodeCount) {
			const text = `the superblock counts ${inodeCount} inodes, there are ${this.#inodeCount}`;
			fail("inode-count", SUPERBLOCK.offset + SUPERBLOCK.inodeCount, text);
		}
		return new Tree(this.#root.directory);
	}

	#readRoot(): Place {
		const { rootNid } = this.#superblock;
		this.#inodes.read(rootNid, SUPERBLOCK.offset + SUPERBLOCK.rootNid);
		const { type, offset } = this.#inodes.fields;
		if (type !== DIRECTORY) fail("directory-root", offset, "the root is not a directory");
		this.#enter();
		return this.#place(this.#inodes.build(false) as Directory, rootNid, rootNid, 1);
	}

	/** Checks `.` or `..`, and counts it. */
	#checkDot(place: Place, index: number): number {
		const isParent = this.#block.names[index] === "..";
		const nid = isParent ? place.parentNid : place.nid;
		const at = this.#block.place(index);
		if (this.#block.nids[index] !== nid)
			fail("dirent-dot", at, `"${isParent ? ".." : "."}" is not the inode ${nid}`);
		this.#checkType(index, DIRECTORY);
		return 1;
	}

	#addEntry(place: Place, index: number): void {
		const block = this.#block;
		const nid = block.nids[index] as number;
		const at = block.place(index);
		if (this.#claims.isInode(nid)) {
			this.#addLink(place, index, nid, at);
			return;
		}
		this.#inodes.read(nid, at);
		this.#checkType(index, this.#inodes.fields.type);
		this.#enter();
		if (this.#inodes.isStub) {
			this.#checkStub(place, index, at);
			return;
		}
		const { fields } = this.#inodes;
		const inode = this.#inodes.build(place.hasMarks);
		place.directory.children.set(block.names[index] as string, inode);
		if (inode.type === "directory") {
			place.subdirectories++;
			this.#pending.push(this.#place(inode, nid, place.nid, place.depth + 1));
			return;
		}
		checkBuilt(inode, fields.offset);
		if (isWhiteout(inode)) place.whiteouts++;
		if (fields.nlink !== 1) this.#expectLinks(inode, nid);
	}

	/** Takes the bytes of the inode read last. */
	#enter(): void {
		const { offset, end, blocksOffset, blockCount } = this.#inodes.fields;
		this.#claims.inode(offset, end);
		if (blockCount > 0) this.#claims.blocks(blocksOffset, blockCount, offset);
		this.#inodeCount++;
		this.#nameCount = this.#limited("inodes", this.#nameCount + 1, offset);
		this.#xattrCount = this.#limited("xattrs", this.#xattrCount + this.#inodes.xattrCount, offset);
	}

	#limited(which: "inodes" | "xattrs", count: number, offset: number): number {
		const limit = this.#limits[which];
		if (count <= limit) return count;
		fail(which, offset, `there are more than ${limit} ${which}`, { limit, actual: count });
	}

	#place(directory: Directory, nid: number, parentNid: number, depth: number): Place {
		const { offset, nlink, blocksOffset, blockCount, tailOffset, tailSize } = this.#inodes.fields;
		const limit = this.#limits.depth;
		if (depth > limit) {
			const text = `a directory is ${depth} levels deep, the limit is ${limit}`;
			fail("depth", offset, text, { limit, actual: depth });
		}
		const { version } = this.#superblock;
		const hasMarks = version <= LAST_ESCAPING_VERSION && hasWhiteoutsMarks(directory.xattrs, version);
		return {
			directory,
			nid,
			parentNid,
			nlink,
			offset,
			depth,
			hasMarks,
			blocksOffset,
			blockCount,
			tailOffset,
			tailSize,
			subdirectories: 0,
			whiteouts: 0,
		};
	}

	#finishDirectory(place: Place, dots: number): void {
		const { directory, nlink, offset, subdirectories, whiteouts, hasMarks } = place;
		if (dots !== 2) fail("dirent-dot", offset, `a directory has ${dots} of "." and ".."`);
		if (nlink !== 2 + subdirectories)
			fail("link-count", offset, `a directory with ${subdirectories} others in it has ${nlink} links`);
		if (hasMarks && whiteouts > 0) {
			const xattrs = directory.xattrs as Map<string, Uint8Array>;
			dropWhiteoutsMarks(xattrs, this.#superblock.version);
			if (xattrs.size === 0) directory.xattrs = undefined;
		}
		checkBuilt(directory, offset);
	}

	#expectLinks(inode: Inode, nid: number): void {
		const { nlink, offset, type } = this.#inodes.fields;
		if (nlink === 0) fail("link-count", offset, "an inode with a name has no links");
		if (isWhiteout(inode)) fail("whiteout", offset, "a whiteout has several names");
		this.#linked.set(nid, { inode, offset, type, missing: nlink - 1 });
	}

	/** A further name of an inode. */
	#addLink(place: Place, index: number, nid: number, at: number): void {
		const linked = this.#linked.get(nid);
		if (linked === undefined) {
			const isDirectory = this.#block.types[index] === DIRENT_TYPES[DIRECTORY];
			if (isDirectory) fail("directory-linked", at, "a directory has a second name");
			fail("link-count", nid * SLOT_SIZE, "an inode has more names than links");
		}
		this.#checkType(index, linked.type);
		this.#nameCount = this.#limited("inodes", this.#nameCount + 1, at);
		if (linked.missing-- === 0) fail("link-count", linked.offset, "an inode has more names than links");
		place.directory.children.set(this.#block.names[index] as string, linked.inode);
	}

	/** libcomposefs adds whiteouts at the root only, so that no folder of an object store shows there. */
	#checkStub(place: Place, index: number, at: number): void {
		const name = this.#block.names[index] as string;
		if (place !== this.#root || !/^[0-9a-f]{2}$/.test(name))
			fail("whiteout", at, "a whiteout stands in the image as it is");
		if (this.#inodes.fields.nlink !== 1)
			fail("link-count", this.#inodes.fields.offset, "a whiteout has several names");
	}

	#checkType(index: number, type: number): void {
		if (this.#block.types[index] !== DIRENT_TYPES[type])
			fail("dirent-type", this.#block.place(index) + DIRENT.type, "an entry's type is not its inode's");
	}
}

function isDot(name: string): boolean {
	return name.length < 3 && (name === "." || name === "..");
}
