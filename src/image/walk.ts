/** All of an image, checked, in the order of its dump: parents before children, siblings by their names' bytes. */
import { Idle } from "../idle.ts";
import { type Directory, type Inode, isWhiteout } from "../inode.ts";
import { runInSlices } from "../slices.ts";
import { checkBuilt, InodeReader } from "./build.ts";
import { Claims } from "./claims.ts";
import { fail } from "./fault.ts";
import { DIRECTORY } from "./inode.ts";
import { DIRENT_TYPES, LAST_ESCAPING_VERSION, SLOT_SIZE, SUPERBLOCK } from "./layout.ts";
import { checkType, Level } from "./level.ts";
import type { Listing } from "./listing.ts";
import { Quota } from "./quota.ts";
import { type ImageBytes, type Limits, NO_IMAGE } from "./source.ts";
import { NO_SUPERBLOCK, readSuperblock, type Superblock } from "./superblock.ts";
import { dropWhiteoutsMarks, hasWhiteoutsMarks } from "./whiteout-marks.ts";

/** Told of what is met. Nothing of it is certain before the walk has come to its end. */
export interface Visitor {
	/**
	 * A directory, before what is in it. Marks of whiteouts may be taken from its xattrs when that has been read.
	 *
	 * @param depth       0 for the root, whose name is empty
	 * @param links       of the inode
	 * @param listing     of what is in it, `.`, `..` and the whiteouts that the writer added among them; changes later
	 * @param mayChange   it has such marks
	 */
	directory(
		name: string,
		inode: Directory,
		depth: number,
		links: number,
		listing: Listing,
		mayChange: boolean,
	): void;
	/** Anything else; an inode of several names is told of as often. @param links   how many names it has */
	other(name: string, inode: Inode, depth: number, links: number): void;
}

/** An inode with several names. */
interface Linked {
	readonly inode: Inode;
	readonly offset: number;
	readonly type: number;
	readonly links: number;
	/** Names that have not been met yet. */
	missing: number;
}

const ENTRIES_PER_STEP = 128;
const NO_CLAIMS = new Claims(0);
const NOBODY: Visitor = { directory() {}, other() {} };

/**
 * Walks over an image, in slices of a few milliseconds.
 *
 * @returns how many inodes it has
 */
export async function walkImage(
	image: ImageBytes,
	visitor: Visitor,
	limits: Limits,
	signal: AbortSignal | undefined,
): Promise<number> {
	return idle.lend(async (walk) => {
		walk.open(image, limits, visitor);
		await runInSlices(walk.steps(), signal);
		return walk.inodes;
	});
}

class ImageWalk {
	#image: ImageBytes = NO_IMAGE;
	#visitor: Visitor = NOBODY;
	#superblock: Superblock = NO_SUPERBLOCK;
	readonly #inodes = new InodeReader();
	#claims = NO_CLAIMS;
	readonly #linked = new Map<number, Linked>();
	readonly #levels: Level[] = [];
	#inodeCount = 0;
	readonly #quota = new Quota();

	open(image: ImageBytes, limits: Limits, visitor: Visitor): void {
		this.#image = image;
		this.#quota.begin(limits);
		this.#visitor = visitor;
		this.#superblock = readSuperblock(image);
		this.#inodes.open(image, this.#superblock);
		this.#claims = new Claims(image.size);
	}

	/** Lets go of the image and of what was made of it, wherever in it the walk ended. */
	forget(): void {
		this.#image = NO_IMAGE;
		this.#visitor = NOBODY;
		this.#superblock = NO_SUPERBLOCK;
		this.#inodes.open(NO_IMAGE, NO_SUPERBLOCK);
		this.#claims = NO_CLAIMS;
		this.#linked.clear();
		this.#levels.length = Math.min(this.#levels.length, 1);
		this.#levels[0]?.forget();
		this.#inodeCount = 0;
	}

	/** How many the image has, when the walk has ended. */
	get inodes(): number {
		return this.#inodeCount;
	}

	/** The whole walk; yields every few entries. */
	*steps(): Generator<undefined, void, undefined> {
		let steps = 0;
		this.#openRoot();
		for (let depth = 0; depth >= 0; ) {
			const level = this.#levels[depth] as Level;
			if (!level.isListed) {
				if (this.#list(level, depth)) yield;
			} else if (level.next === level.listing.count) {
				this.#finishDirectory(level);
				depth--;
			} else if (this.#takeEntry(level, depth, level.next++)) {
				depth++;
			}
			if (++steps % ENTRIES_PER_STEP === 0) yield;
		}
		this.#finish();
	}

	#openRoot(): void {
		const { rootNid } = this.#superblock;
		this.#inodes.read(rootNid, SUPERBLOCK.offset + SUPERBLOCK.rootNid);
		const { type, offset } = this.#inodes.fields;
		if (type !== DIRECTORY) fail("directory-root", offset, "the root is not a directory");
		this.#enter();
		this.#open("", this.#inodes.build(false) as Directory, 0);
	}

	/** The directory whose inode was read last becomes the level of its depth. */
	#open(name: string, directory: Directory, depth: number): void {
		const { fields } = this.#inodes;
		this.#quota.checkDepth(depth + 1, fields.offset);
		const { version } = this.#superblock;
		this.#levels[depth] ??= new Level();
		const level = this.#levels[depth] as Level;
		level.name = name;
		level.isListed = false;
		level.next = 0;
		level.nid = fields.offset / SLOT_SIZE;
		level.nlink = fields.nlink;
		level.offset = fields.offset;
		level.hasMarks = version <= LAST_ESCAPING_VERSION && hasWhiteoutsMarks(directory.xattrs, version);
		level.subdirectories = 0;
		level.whiteouts = 0;
		level.dots = 0;
		level.inode = directory;
		level.listing.begin(fields);
	}

	/** Reads a block of a directory's entries, and tells of it after the last. Returns whether there are more. */
	#list(level: Level, depth: number): boolean {
		const { listing, name, nlink, hasMarks } = level;
		if (listing.readBlock(this.#image)) return true;
		level.isListed = true;
		this.#visitor.directory(name, level.inode as Directory, depth, nlink, listing, hasMarks);
		return false;
	}

	/** Returns whether the entry is a directory, which is open then. */
	#takeEntry(level: Level, depth: number, index: number): boolean {
		const name = level.listing.names[index] as string;
		if (isDot(name)) {
			this.#checkDot(level, depth, index);
			return false;
		}
		const nid = level.listing.nids[index] as number;
		const at = level.listing.places[index] as number;
		if (this.#claims.isInode(nid)) {
			this.#takeLink(level, depth, index);
			return false;
		}
		this.#inodes.read(nid, at);
		const { fields } = this.#inodes;
		checkType(level, index, fields.type);
		this.#enter();
		if (this.#inodes.isStub) {
			this.#checkStub(name, depth, at);
			return false;
		}
		const inode = this.#inodes.build(level.hasMarks);
		if (inode.type === "directory") {
			level.subdirectories++;
			this.#open(name, inode, depth + 1);
			return true;
		}
		checkBuilt(inode, fields.offset);
		if (isWhiteout(inode)) level.whiteouts++;
		if (fields.nlink !== 1) this.#expectLinks(inode, nid);
		this.#visitor.other(name, inode, depth + 1, fields.nlink);
		return false;
	}

	/** Checks `.` or `..`, and counts it. */
	#checkDot(level: Level, depth: number, index: number): void {
		const { names, nids, places } = level.listing;
		const isParent = names[index] === "..";
		const { nid } = isParent && depth > 0 ? (this.#levels[depth - 1] as Level) : level;
		if (nids[index] !== nid)
			fail("dirent-dot", places[index] as number, `"${isParent ? ".." : "."}" is not the inode ${nid}`);
		checkType(level, index, DIRECTORY);
		level.dots++;
	}

	/** Takes the bytes of the inode read last. */
	#enter(): void {
		const { offset, end, blocksOffset, blockCount } = this.#inodes.fields;
		this.#claims.inode(offset, end);
		if (blockCount > 0) this.#claims.blocks(blocksOffset, blockCount, offset);
		this.#inodeCount++;
		this.#quota.addName(offset);
		this.#quota.addXattrs(this.#inodes.xattrCount, this.#inodes.xattrBytes, offset);
	}

	#finishDirectory(level: Level): void {
		const { nlink, offset, subdirectories, whiteouts, hasMarks, dots } = level;
		const directory = level.inode as Directory;
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

	#finish(): void {
		for (const { missing, offset } of this.#linked.values())
			if (missing > 0) fail("link-count", offset, `${missing} names of an inode are not there`);
		const { inodeCount } = this.#superblock;
		if (inodeCount === this.#inodeCount) return;
		const text = `the superblock counts ${inodeCount} inodes, there are ${this.#inodeCount}`;
		fail("inode-count", SUPERBLOCK.offset + SUPERBLOCK.inodeCount, text);
	}

	#expectLinks(inode: Inode, nid: number): void {
		const { nlink, offset, type } = this.#inodes.fields;
		if (nlink === 0) fail("link-count", offset, "an inode with a name has no links");
		if (isWhiteout(inode)) fail("whiteout", offset, "a whiteout has several names");
		this.#linked.set(nid, { inode, offset, type, links: nlink, missing: nlink - 1 });
	}

	/** A further name of an inode. */
	#takeLink(level: Level, depth: number, index: number): void {
		const { names, nids, places, types } = level.listing;
		const nid = nids[index] as number;
		const at = places[index] as number;
		const linked = this.#linked.get(nid);
		if (linked === undefined) {
			if (types[index] === DIRENT_TYPES[DIRECTORY])
				fail("directory-linked", at, "a directory has a second name");
			fail("link-count", nid * SLOT_SIZE, "an inode has more names than links");
		}
		checkType(level, index, linked.type);
		this.#quota.addName(at);
		if (linked.missing-- === 0) fail("link-count", linked.offset, "an inode has more names than links");
		this.#visitor.other(names[index] as string, linked.inode, depth + 1, linked.links);
	}

	/** libcomposefs adds whiteouts at the root only, so that no folder of an object store shows there. */
	#checkStub(name: string, depth: number, at: number): void {
		if (depth > 0 || !/^[0-9a-f]{2}$/.test(name))
			fail("whiteout", at, "a whiteout stands in the image as it is");
		if (this.#inodes.fields.nlink !== 1)
			fail("link-count", this.#inodes.fields.offset, "a whiteout has several names");
	}
}

const idle = new Idle(() => new ImageWalk());

function isDot(name: string): boolean {
	return name.length < 3 && (name === "." || name === "..");
}
