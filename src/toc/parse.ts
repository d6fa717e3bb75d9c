/**
 * The JSON that composefs-from-json(1) read becomes a tree: tables of contents as zstd:chunked and eStargz have
 * them, on their own, with the two keys of that tool, `x-payload` and `x-content`. What it took for something
 * else than it says (zones, `..`, times that are none, types in a mode) is an error here.
 */
import { ComposefsError, withPrefix } from "../errors.ts";
import { Idle } from "../idle.ts";
import { copyMetadata, type Directory, directory, type Inode, isWhiteout, NO_BYTES } from "../inode.ts";
import { fillLimits } from "../limits.ts";
import { checkIsArray } from "../lists.ts";
import { Tree } from "../tree.ts";
import { checkInode, Violation } from "../validate.ts";
import { readDocument } from "./document.ts";
import type { EntryFields } from "./entry.ts";
import { fail } from "./fault.ts";
import type { TocText } from "./feed.ts";
import {
	type InodeEntryType,
	inlineFile,
	inodeOf,
	objectPathAt,
	permissions,
	placed,
	refusePath,
} from "./inodes.ts";
import type { JsonCursor } from "./json.ts";
import { TOC_LIMITS, type TocLimits } from "./limits.ts";
import { PathWalker } from "./path-walker.ts";

export interface ParseTocOptions {
	readonly signal?: AbortSignal | undefined;
	/** Default: TOC_LIMITS; bytes of each document, and entries of all. */
	readonly limits?: Partial<Pick<TocLimits, "size" | "entries">> | undefined;
}

/**
 * Parses documents and lays them into one root, in their order, in slices of a few milliseconds.
 *
 * A later document replaces what an earlier one has at a path; a directory keeps what is in it. Within one
 * document each path comes once. Parents that have no entry are directories of mode 0755 and time 0.
 *
 * A file's path in the object store is its `x-payload`, or else `ab/cdef…` of its `digest`, which is the SHA-256
 * of its content: no fs-verity digest, so the tree's files have none.
 *
 * @throws ComposefsError `ERR_COMPOSEFS_TOC`, with the `rule` that is broken and the `offset` in the text, in
 *   bytes; the reason of `signal`
 */
export async function parseTocJson(
	documents: readonly TocText[],
	options: ParseTocOptions = {},
): Promise<Tree> {
	const { signal, limits } = options;
	const { size: limit, entries } = fillLimits(TOC_LIMITS, limits);
	checkIsArray(documents, "documents, each of them a text,");
	return idle.lend(async (builder) => {
		builder.open(entries);
		for (const [index, text] of documents.entries()) {
			builder.begin(index > 0);
			await readDocument(text, builder, { signal, limit }).catch((error) => {
				throw documents.length > 1 ? inDocument(error, index) : error;
			});
		}
		return new Tree(builder.root);
	});
}

/** Says which of several documents is wrong. */
function inDocument(error: unknown, index: number): unknown {
	if (!(error instanceof ComposefsError)) return error;
	return withPrefix(`document ${index + 1}`, error);
}

class TreeBuilder {
	root: Directory = directory();
	private readonly walker = new PathWalker({ enter: (parent, name) => this.#enter(parent, name) });
	private maxEntries = 0;
	private entries = 0;
	/** Directories that have no entry of their own, but for the root. */
	private readonly implicit = new Set<Directory>();
	/** The names that this document has made, unless it is the first: that has made all. */
	private own: Map<Directory, Set<string>> | undefined;
	private hasRoot = false;

	open(maxEntries: number): void {
		this.walker.begin(this.root);
		this.maxEntries = maxEntries;
	}

	/** Begins a tree anew, and lets go of the one before. */
	forget(): void {
		this.root = directory();
		this.walker.begin(this.root);
		this.entries = 0;
		this.implicit.clear();
		this.own = undefined;
		this.hasRoot = false;
	}

	begin(isLater: boolean): void {
		this.own = isLater ? new Map() : undefined;
		this.hasRoot = false;
		this.walker.forget();
	}

	entry(fields: EntryFields, cursor: JsonCursor): void {
		if (fields.type === "chunk") return;
		if (++this.entries > this.maxEntries) {
			const limit = this.maxEntries;
			fail("entries", cursor.base + fields.start, `there are more than ${limit} entries`, { limit });
		}
		try {
			this.#add(fields, cursor);
		} catch (error) {
			throw error instanceof Violation ? placed(error, fields, cursor) : error;
		}
	}

	#add(fields: EntryFields, cursor: JsonCursor): void {
		const walker = this.walker;
		const parent = walker.walk(cursor, fields.name);
		const { name } = walker;
		if (name === "") {
			this.#setRoot(fields, cursor);
			return;
		}
		const inode = fields.type === "hardlink" ? this.#target(fields, cursor) : makeInode(fields, cursor);
		if (this.own === undefined && this.implicit.size === 0)
			this.#addFirst(parent, name, inode, fields, cursor);
		else this.#replace(parent, name, inode, fields, cursor);
	}

	/** Adds to a tree in which each name has come from an entry of this document, so that it must be new. */
	#addFirst(parent: Directory, name: string, inode: Inode, fields: EntryFields, cursor: JsonCursor): void {
		const { children } = parent;
		const { size } = children;
		// One step instead of two, looking first: the tree of a document that is refused is not used.
		children.set(name, inode);
		if (children.size === size) refusePath("path-duplicate", "is there already", fields, cursor);
	}

	#replace(parent: Directory, name: string, inode: Inode, fields: EntryFields, cursor: JsonCursor): void {
		const { children } = parent;
		const old = children.get(name);
		const isTaken = old !== undefined && this.#isTaken(parent, name, old);
		if (isTaken) refusePath("path-duplicate", "is there already", fields, cursor);
		this.#markOwn(parent, name);
		if (old?.type === "directory" && inode.type === "directory") copyMetadata(inode, old);
		else children.set(name, inode);
		if (old?.type === "directory") this.walker.forget();
	}

	/** Whether this document has an entry for a name that is there. */
	#isTaken(parent: Directory, name: string, old: Inode): boolean {
		if (old.type === "directory" && this.implicit.delete(old)) return false;
		return this.own === undefined || this.own.get(parent)?.has(name) === true;
	}

	#markOwn(parent: Directory, name: string): void {
		if (this.own === undefined) return;
		const names = this.own.get(parent);
		if (names === undefined) this.own.set(parent, new Set([name]));
		else names.add(name);
	}

	#setRoot(fields: EntryFields, cursor: JsonCursor): void {
		if (fields.type !== "dir") cursor.fail("type", `the root is a "${fields.type}"`, fields.start);
		if (this.hasRoot) cursor.fail("path-duplicate", "the root comes twice", fields.start);
		this.hasRoot = true;
		copyMetadata(inodeOf("dir", fields, cursor) as Directory, this.root);
	}

	#enter(parent: Directory, name: string): Directory {
		const found = parent.children.get(name);
		if (found?.type === "directory") return found;
		if (found !== undefined) throw new Violation("ERR_COMPOSEFS_TREE", "parent", `${name} is no directory`);
		const made = directory();
		parent.children.set(name, made);
		this.implicit.add(made);
		return made;
	}

	/** What a hard link leads to: an entry before it. */
	#target(fields: EntryFields, cursor: JsonCursor): Inode {
		const { linkName } = fields;
		if (linkName === undefined) cursor.fail("link", "a hard link has no linkName", fields.start);
		let inode: Inode | undefined = this.root;
		for (const name of cursor.text(linkName).split("/"))
			if (name !== "" && name !== ".")
				inode = inode?.type === "directory" ? inode.children.get(name) : undefined;
		if (inode === undefined) refusePath("hard-link", "leads to nothing that comes before it", fields, cursor);
		if (inode.type === "directory") refusePath("hard-link", "is a hard link to a directory", fields, cursor);
		if (isWhiteout(inode)) refusePath("hard-link", "is a hard link to a whiteout", fields, cursor);
		return inode;
	}
}

const idle = new Idle(() => new TreeBuilder());

function makeInode(fields: EntryFields, cursor: JsonCursor): Inode {
	const type = fields.type as InodeEntryType;
	if (type === "reg") return fileOf(fields, cursor);
	if (fields.content !== undefined)
		refusePath("content", `has x-content, and is a "${type}"`, fields, cursor);
	return inodeOf(type, fields, cursor);
}

function fileOf(fields: EntryFields, cursor: JsonCursor): Inode {
	const { uid, gid, mtimeNs, xattrs, digest: sha256, payload } = fields;
	const size = Math.max(fields.size, 0);
	if (fields.content !== undefined) return contentFile(fields.content, fields, cursor);
	if (size === 0 && payload === undefined && sha256 < 0) return inlineFile(NO_BYTES, fields, cursor);
	const mode = permissions("reg", fields, cursor);
	let path: string | undefined;
	if (payload !== undefined) path = cursor.text(payload);
	else if (sha256 >= 0) path = objectPathAt(cursor.bytes, sha256);
	const inode: Inode = {
		type: "file",
		mode,
		uid,
		gid,
		mtimeNs,
		xattrs,
		content: undefined,
		size,
		digest: undefined,
		path,
	};
	// The numbers have been checked when they were read.
	if (xattrs !== undefined || payload !== undefined) checkInode(inode);
	return inode;
}

function contentFile(content: Uint8Array, fields: EntryFields, cursor: JsonCursor): Inode {
	const { size } = fields;
	if (fields.payload !== undefined) refusePath("content", "has x-content and x-payload", fields, cursor);
	if (size >= 0 && size !== content.length)
		refusePath("content", `has ${content.length} bytes of x-content, and a size of ${size}`, fields, cursor);
	return inlineFile(content, fields, cursor);
}
