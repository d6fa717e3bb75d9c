/** An inode of an image becomes an inode of the tree. */
import { type Inode, NO_BYTES, type RegularFile } from "../inode.ts";
import { unpackDevice } from "../stat.ts";
import { checkInode, Violation } from "../validate.ts";
import { copyBytes, readName } from "./bytes.ts";
import { fail } from "./fault.ts";
import { BLOCK_DEVICE, CHARACTER_DEVICE, DIRECTORY, FIFO, InodeFields, REGULAR, SYMLINK } from "./inode.ts";
import { BLOCK_SIZE, LAST_ESCAPING_VERSION } from "./layout.ts";
import { type ImageBytes, NO_IMAGE } from "./source.ts";
import { NO_SUPERBLOCK, type Superblock } from "./superblock.ts";
import { dropWhiteoutMarks, hasWhiteoutMarks } from "./whiteout-marks.ts";
import { XattrReader } from "./xattrs.ts";

/** Reads inodes one after another; `fields` are those of the one read last. */
export class InodeReader {
	readonly fields: InodeFields = new InodeFields();
	readonly #xattrs = new XattrReader();
	#image: ImageBytes = NO_IMAGE;
	#superblock: Superblock = NO_SUPERBLOCK;

	/** Begins with an image, and lets go of the one before. */
	open(image: ImageBytes, superblock: Superblock): void {
		this.#image = image;
		this.#superblock = superblock;
		this.fields.open(image, superblock);
		this.#xattrs.open(image, superblock);
	}

	/** Reads an inode that an entry at `from` names. */
	read(nid: number, from: number): void {
		this.fields.read(nid, from);
		this.#xattrs.read(this.fields, nid === this.#superblock.rootNid);
		const { type, isChunked, offset } = this.fields;
		const { isMetacopy, path } = this.#xattrs;
		if (isChunked !== isMetacopy)
			fail("metacopy", offset, "a file has chunks but no trusted.overlay.metacopy, or the other way round");
		if (path !== undefined && !(isMetacopy && type === REGULAR))
			fail("redirect", offset, "trusted.overlay.redirect is not at a file with chunks");
	}

	/** How many xattrs the inode read last has. */
	get xattrCount(): number {
		return this.#xattrs.xattrs?.size ?? 0;
	}

	/** Bytes of their names and values. */
	get xattrBytes(): number {
		return this.#xattrs.bytes;
	}

	/** The inode read last is a whiteout of the writer's own: no inode of the tree. */
	get isStub(): boolean {
		const { type, rdev } = this.fields;
		return type === CHARACTER_DEVICE && rdev === 0 && this.#superblock.version <= LAST_ESCAPING_VERSION;
	}

	/**
	 * The inode read last, for the tree. A directory is empty as yet.
	 *
	 * @param amongWhiteouts   the directory is marked as one with whiteouts: what is marked as a whiteout is one
	 */
	build(amongWhiteouts: boolean): Inode {
		const { fields } = this;
		const { type, mode, uid, gid, mtimeNs, rdev } = fields;
		const { xattrs } = this.#xattrs;
		switch (type) {
			case REGULAR:
				if (amongWhiteouts && fields.size === 0 && hasWhiteoutMarks(xattrs)) return this.#buildWhiteout();
				return this.#buildFile();
			case DIRECTORY:
				return { type: "directory", mode, uid, gid, mtimeNs, xattrs, children: new Map() };
			case SYMLINK: {
				const target = readName(this.#dataWindow(), this.#dataStart, fields.size);
				return { type: "symlink", mode, uid, gid, mtimeNs, xattrs, target };
			}
			case CHARACTER_DEVICE:
				return { type: "character-device", mode, uid, gid, mtimeNs, xattrs, rdev: unpackDevice(rdev) };
			case BLOCK_DEVICE:
				return { type: "block-device", mode, uid, gid, mtimeNs, xattrs, rdev: unpackDevice(rdev) };
			case FIFO:
				return { type: "fifo", mode, uid, gid, mtimeNs, xattrs };
			default:
				return { type: "socket", mode, uid, gid, mtimeNs, xattrs };
		}
	}

	// Whole literals, their fields in the order of inode.ts: see there.

	#buildFile(): RegularFile {
		const { mode, uid, gid, mtimeNs, size, isChunked } = this.fields;
		const { xattrs, digest, path } = this.#xattrs;
		const none = undefined;
		if (isChunked)
			return { type: "file", mode, uid, gid, mtimeNs, xattrs, content: none, size, digest, path };
		const content = size === 0 ? NO_BYTES : this.#content();
		return { type: "file", mode, uid, gid, mtimeNs, xattrs, content, size: none, digest: none, path: none };
	}

	#buildWhiteout(): Inode {
		const { mode, uid, gid, mtimeNs } = this.fields;
		const marked = this.#xattrs.xattrs as Map<string, Uint8Array>;
		dropWhiteoutMarks(marked);
		const xattrs = marked.size > 0 ? marked : undefined;
		const rdev = { major: 0, minor: 0 };
		return { type: "character-device", mode, uid, gid, mtimeNs, xattrs, rdev };
	}

	#content(): Uint8Array {
		const { blocksOffset, blockCount, tailOffset, tailSize, size } = this.fields;
		if (blockCount === 0 || tailSize === 0) return copyBytes(this.#dataWindow(), this.#dataStart, size);
		const content = new Uint8Array(size);
		const whole = blockCount * BLOCK_SIZE;
		content.set(copyBytes(this.#image.window(blocksOffset, whole), blocksOffset, whole));
		content.set(copyBytes(this.#image.window(tailOffset, tailSize), tailOffset, tailSize), whole);
		return content;
	}

	/** Where the data is, if it is all in one place. */
	get #dataStart(): number {
		return this.fields.blockCount > 0 ? this.fields.blocksOffset : this.fields.tailOffset;
	}

	#dataWindow() {
		return this.#image.window(this.#dataStart, this.fields.size);
	}
}

/**
 * Applies the rules for inodes of a tree to one that came from an image. Fields of fixed size cannot break them
 * here, and object paths have been checked: what is left are the names and sum of xattrs, and symlinks.
 */
export function checkBuilt(inode: Inode, offset: number): void {
	if (inode.xattrs === undefined && inode.type !== "symlink") return;
	try {
		checkInode(inode);
	} catch (error) {
		if (!(error instanceof Violation)) throw error;
		const { rule, text, limit, actual } = error;
		fail(rule, offset, text, {
			...(limit !== undefined && { limit }),
			...(actual !== undefined && { actual }),
		});
	}
}
