/** An open image: questions by path. */
import { type Inode, isWhiteout } from "../inode.ts";
import { compareNames, type Name } from "../names.ts";
import { pathError, splitPath } from "../tree-path.ts";
import { checkBuilt, InodeReader } from "./build.ts";
import { blocksOf, checkBlockOrder, DirectoryBlock, type Place, placeAt, placesOf } from "./directory.ts";
import { fail } from "./fault.ts";
import { DIRECTORY } from "./inode.ts";
import { DIRENT, DIRENT_TYPES, LAST_ESCAPING_VERSION, SUPERBLOCK } from "./layout.ts";
import { Reading } from "./reading.ts";
import type { ImageBytes, Limits } from "./source.ts";
import { type ImageStat, type Node, statOf } from "./stat.ts";
import type { Superblock } from "./superblock.ts";
import { dropWhiteoutsMarks, hasWhiteoutsMarks } from "./whiteout-marks.ts";

export interface ImageEntry {
	readonly name: string;
	readonly type: Inode["type"];
}

export interface ImageWalkEntry {
	/** Absolute, `/` for the root. */
	readonly path: string;
	readonly stat: ImageStat;
}

/** What an image says of itself. */
export interface ImageHeader {
	/** composefs version: 0 or 1 by libcomposefs, 2 by composefs-rs. */
	readonly version: number;
	/** The flag HAS_ACL: some inode has a POSIX ACL, and the image is mounted with them. */
	readonly hasAcl: boolean;
	/** Inodes, those that the writer added among them. */
	readonly inodeCount: number;
	/** Blocks of 4,096 bytes. */
	readonly blockCount: number;
	/** Bytes */
	readonly size: number;
	/** Nanoseconds since 1970: the earliest time in the tree; 0 in version 2. */
	readonly buildTimeNs: bigint;
}

const ROOT_PLACE = SUPERBLOCK.offset + SUPERBLOCK.rootNid;

/** Bytes, and how to wait for them. */
export interface Access {
	readonly bytes: ImageBytes;
	run<T>(action: () => T): Promise<T>;
	close(): Promise<void>;
}

/** A directory that a walk is in: of its names, those of one block are at hand, the next one last. */
interface Level {
	readonly node: Node;
	readonly prefix: string;
	readonly blocks: AsyncGenerator<Place[], void, undefined>;
	places: Place[];
}

/**
 * An open image. Paths are as in `Tree`: absolute, symlinks are not followed. What is read is checked as in
 * `readImage`, but only that: a damaged place is not found before it is asked for, and rules for the whole, such
 * as link counts, are not applied.
 */
export class Image {
	readonly #access: Access;
	readonly #superblock: Superblock;
	readonly #limits: Limits;
	readonly #inodes = new InodeReader();

	/** @internal Not for callers: see `openImage`. */
	constructor(access: Access, superblock: Superblock, limits: Limits) {
		this.#access = access;
		this.#superblock = superblock;
		this.#limits = limits;
		this.#inodes.open(access.bytes, superblock);
	}

	/** What the image says of itself; `imageInfo` computes its digest too. */
	get info(): ImageHeader {
		const { version, hasAcl, inodeCount, blockCount, buildTimeNs } = this.#superblock;
		return { version, hasAcl, inodeCount, blockCount, size: this.#access.bytes.size, buildTimeNs };
	}

	/** @throws ComposefsError `ENOENT`, `ENOTDIR` */
	async stat(path: Name): Promise<ImageStat> {
		return this.#stat(await this.#find(path), new Reading(this.#limits));
	}

	/** The entries of a directory, in the order of their names' bytes. */
	async readdir(path: Name): Promise<ImageEntry[]> {
		const parent = await this.#find(path);
		const reading = new Reading(this.#limits);
		// An inode may have millions of names here, and be as large as an image: it is looked at once.
		const types = new Map<number, Inode["type"] | undefined>();
		const entries: ImageEntry[] = [];
		for await (const places of this.#blocks(parent, path))
			for (const place of places) {
				const key = place.nid * DIRENT_TYPES.length + (place.type ?? 0);
				if (types.has(key)) await reading.addName(place);
				else types.set(key, (await this.#readNext(reading, place, parent))?.inode.type);
				const type = types.get(key);
				if (type !== undefined) entries.push({ name: place.name, type });
			}
		return entries;
	}

	/** @throws ComposefsError `EINVAL`, if it is no symlink */
	async readlink(path: Name): Promise<string> {
		const { inode } = await this.#find(path);
		if (inode.type !== "symlink") throw pathError("EINVAL", "not a symlink", path);
		return inode.target;
	}

	/** The content of a file that is in the image. @throws ComposefsError `ENODATA`, if it is in the store */
	async readFile(path: Name): Promise<Uint8Array> {
		const { inode } = await this.#find(path);
		if (inode.type === "directory") throw pathError("EISDIR", "is a directory", path);
		if (inode.type !== "file") throw pathError("EINVAL", "not a regular file", path);
		if (inode.content === undefined) throw pathError("ENODATA", "the content is not in the image", path);
		return inode.content;
	}

	/** A path and every name below it: parents before children, siblings in the order of their names' bytes. */
	async *walk(path: Name = "/"): AsyncGenerator<ImageWalkEntry, void, undefined> {
		const names = splitPath(path);
		const reading = new Reading(this.#limits);
		const marks = new Reading(this.#limits);
		const directories = new Set<number>();
		const levels: Level[] = [];
		const enter = (node: Node, whole: string) => {
			if (directories.has(node.nid)) fail("directory-linked", node.offset, "a directory has a second name");
			directories.add(node.nid);
			reading.quota.checkDepth(names.length + levels.length + 1, node.offset);
			levels.push({
				node,
				prefix: whole === "/" ? "/" : `${whole}/`,
				blocks: this.#blocks(node, whole),
				places: [],
			});
		};
		const start = await this.#find(path);
		const whole = `/${names.join("/")}`;
		yield { path: whole, stat: await this.#stat(start, marks) };
		if (start.inode.type === "directory") enter(start, whole);
		for (let level = levels.at(-1); level !== undefined; level = levels.at(-1)) {
			const place = level.places.pop();
			if (place === undefined) {
				const { done, value } = await level.blocks.next();
				if (done) levels.pop();
				else level.places = value.reverse();
				continue;
			}
			const node = await this.#readNext(reading, place, level.node);
			if (node === undefined) continue;
			const below = level.prefix + place.name;
			yield { path: below, stat: await this.#stat(node, marks) };
			if (node.inode.type === "directory") enter(node, below);
		}
	}

	/** Closes the file, if `openImage` opened it. */
	async close(): Promise<void> {
		await this.#access.close();
	}

	async [Symbol.asyncDispose](): Promise<void> {
		await this.close();
	}

	async #find(path: Name): Promise<Node> {
		const { rootNid } = this.#superblock;
		let node = await this.#access.run(() =>
			this.#read(rootNid, ROOT_PLACE, DIRENT_TYPES[DIRECTORY], undefined),
		);
		if (node === undefined) throw pathError("ENOENT", "no such file or directory", path);
		for (const name of splitPath(path)) {
			if (node.inode.type !== "directory") throw pathError("ENOTDIR", "not a directory", path);
			const child: Node | undefined = await this.#lookUp(node, name);
			if (child === undefined) throw pathError("ENOENT", "no such file or directory", path);
			node = child;
		}
		return node;
	}

	/** Finds a name by halving, first the blocks, then one of them: names are in order. */
	async #lookUp(parent: Node, name: string): Promise<Node | undefined> {
		const { bytes } = this.#access;
		const block = new DirectoryBlock();
		const isBefore = (index: number, entry: number) =>
			compareNames(name, block.readOne(bytes, parent.data, index, entry)) < 0;
		const count = blocksOf(parent.data);
		const index = (await this.#halve(count, (middle) => isBefore(middle, 0))) - 1;
		if (index < 0) return undefined;
		await this.#access.run(() => block.readOne(bytes, parent.data, index, 0));
		const entry = (await this.#halve(block.total, (middle) => isBefore(index, middle))) - 1;
		if (entry < 0) return undefined;
		const found = await this.#access.run(() => block.readOne(bytes, parent.data, index, entry));
		return found === name ? this.#child(parent, block, 0) : undefined;
	}

	/** The first of `count` numbers that comes after what is sought, or `count`. */
	async #halve(count: number, isAfter: (middle: number) => boolean): Promise<number> {
		let low = 0;
		let high = count;
		while (low < high) {
			const middle = (low + high) >> 1;
			if (await this.#access.run(() => isAfter(middle))) high = middle;
			else low = middle + 1;
		}
		return low;
	}

	#block(parent: Node, index: number): Promise<DirectoryBlock> {
		const block = new DirectoryBlock();
		return this.#access.run(() => {
			block.read(this.#access.bytes, parent.data, index);
			return block;
		});
	}

	/** The child that an entry names; undefined if there is none, or it is one that the writer added. */
	async #child(parent: Node, block: DirectoryBlock, index: number): Promise<Node | undefined> {
		const place = placeAt(block, index);
		return place && this.#access.run(() => this.#read(place.nid, place.from, place.type, parent));
	}

	/** The names in a directory, in their order, block by block; nothing is known of their inodes. */
	async *#blocks(parent: Node, path: Name): AsyncGenerator<Place[], void, undefined> {
		if (parent.inode.type !== "directory") throw pathError("ENOTDIR", "not a directory", path);
		const count = blocksOf(parent.data);
		let last: string | undefined;
		for (let index = 0; index < count; index++) {
			const block = await this.#block(parent, index);
			checkBlockOrder(last, block);
			last = block.names[block.count - 1];
			yield placesOf(block);
		}
	}

	/** One inode more; undefined if it is one that the writer added. Gives way to the event loop. */
	async #readNext(reading: Reading, place: Place, parent: Node): Promise<Node | undefined> {
		await reading.addName(place);
		const { nid, from, type } = place;
		// Others may use the same reader as soon as this waits.
		const { node, count, bytes } = await this.#access.run(() => {
			const read = this.#read(nid, from, type, parent);
			return { node: read, count: this.#inodes.xattrCount, bytes: this.#inodes.xattrBytes };
		});
		reading.addXattrs(place, count, bytes);
		return node;
	}

	#read(nid: number, from: number, type: number | undefined, parent: Node | undefined): Node | undefined {
		const { version } = this.#superblock;
		this.#inodes.read(nid, from);
		const { fields } = this.#inodes;
		if (DIRENT_TYPES[fields.type] !== type) {
			if (parent === undefined) fail("directory-root", fields.offset, "the root is not a directory");
			fail("dirent-type", from + DIRENT.type, "an entry's type is not its inode's");
		}
		if (this.#inodes.isStub) return undefined;
		const { blocksOffset, blockCount, tailOffset, tailSize, offset, nlink, size } = fields;
		const data = { blocksOffset, blockCount, tailOffset, tailSize };
		const inode = this.#inodes.build(parent?.hasMarks === true);
		const hasMarks =
			inode.type === "directory" &&
			version <= LAST_ESCAPING_VERSION &&
			hasWhiteoutsMarks(inode.xattrs, version);
		if (!hasMarks) checkBuilt(inode, offset);
		return { nid, nlink, size, inode, data, hasMarks, offset };
	}

	/** The marks of a directory with whiteouts are the writer's only if there is a whiteout in it. */
	async #stat(node: Node, reading: Reading): Promise<ImageStat> {
		const { inode, hasMarks, offset } = node;
		if (!hasMarks) return statOf(node);
		const xattrs = new Map(inode.xattrs);
		if (await this.#hasWhiteout(node, reading)) dropWhiteoutsMarks(xattrs, this.#superblock.version);
		inode.xattrs = xattrs.size > 0 ? xattrs : undefined;
		checkBuilt(inode, offset);
		return statOf(node);
	}

	async #hasWhiteout(directory: Node, reading: Reading): Promise<boolean> {
		for await (const places of this.#blocks(directory, "/"))
			for (const place of places) {
				const child = await this.#readNext(reading, place, directory);
				if (child !== undefined && isWhiteout(child.inode)) return true;
			}
		return false;
	}
}
