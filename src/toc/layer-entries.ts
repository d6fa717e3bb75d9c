/** A document's entries become those of a layer, and the files' places in the blob. */
import { type Inode, NO_BYTES, type RegularFile } from "../inode.ts";
import type { LayerEntry } from "../layer-entry.ts";
import { checkInode, Violation } from "../validate.ts";
import { ChunkCollector, type TocChunk, type TocFile } from "./chunks.ts";
import type { DocumentVisitor } from "./document.ts";
import type { EntryFields } from "./entry.ts";
import { canonicalPath } from "./entry-path.ts";
import { fail } from "./fault.ts";
import { FRAME_HEADER_SIZE } from "./footer.ts";
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
import type { TocLimits } from "./limits.ts";
import type { TocLocation } from "./location.ts";

/** Where the object with a file's content is, if it is known. */
export interface KnownObject {
	/** fs-verity digest */
	readonly digest: string;
	/** In the store */
	readonly path: string;
}

/** Files that eStargz adds to a layer for itself. */
const LANDMARKS = new Set([".prefetch.landmark", ".no.prefetch.landmark", "stargz.index.json"]);
const REPLACEMENT = "\ufffd";

export interface LayerEntriesOptions {
	readonly location: TocLocation;
	readonly limits: TocLimits;
	/** Undefined: files are under the SHA-256 of their content. */
	readonly objectOf: ((sha256: string, size: number) => KnownObject | undefined) | undefined;
}

export class LayerEntries implements DocumentVisitor {
	readonly entries: LayerEntry[] = [];
	readonly files = new Map<Inode, TocFile>();
	/** The first name, target or xattr with U+FFFD in it, which writers put in place of bytes that are not UTF-8. */
	lossy: { readonly path: string; readonly offset: number } | undefined;

	readonly #chunks: ChunkCollector;
	readonly #isEstargz: boolean;
	readonly #limits: TocLimits;
	readonly #objectOf: LayerEntriesOptions["objectOf"];
	readonly #paths = new Set<string>();
	/** The file whose chunks are coming. */
	#file:
		| { readonly name: string; readonly digest: string; readonly inode: RegularFile; readonly size: number }
		| undefined;
	#isLandmark = false;

	constructor({ location, limits, objectOf }: LayerEntriesOptions) {
		this.#limits = limits;
		this.#objectOf = objectOf;
		this.#isEstargz = location.format === "estargz";
		const end = location.format === "estargz" ? location.start : location.toc.offset - FRAME_HEADER_SIZE;
		this.#chunks = new ChunkCollector(!this.#isEstargz, end, limits);
	}

	entry(fields: EntryFields, cursor: JsonCursor): void {
		try {
			if (fields.type === "chunk") this.#chunk(fields, cursor);
			else this.#add(fields, cursor);
		} catch (error) {
			throw error instanceof Violation ? placed(error, fields, cursor) : error;
		}
	}

	/** Behind the last entry. */
	finish(): void {
		this.#finishFile();
		this.#chunks.close();
	}

	#add(fields: EntryFields, cursor: JsonCursor): void {
		this.#finishFile();
		const { type } = fields;
		const name = cursor.text(fields.name);
		const path = canonicalPath(name);
		if (path === undefined) refusePath("name", 'has ".." in it', fields, cursor);
		if (name.includes(REPLACEMENT)) this.#markLossy(fields, cursor);
		this.#isLandmark = this.#isEstargz && LANDMARKS.has(path);
		if (this.#isLandmark) {
			if (type === "reg" && fields.size > 0) this.#begin(name, fields, cursor);
			return;
		}
		// Where bytes are lost, two names may look the same: then the tar-split tells, or the table is refused.
		if (this.#paths.has(path) && !name.includes(REPLACEMENT))
			refusePath("path-duplicate", "is there already", fields, cursor);
		if (path === "" && type !== "dir") refusePath("type", `is the root, and a "${type}"`, fields, cursor);
		this.#paths.add(path);
		if (this.entries.length >= this.#limits.entries) {
			const limit = this.#limits.entries;
			fail("entries", cursor.base + fields.start, `there are more than ${limit} entries`, { limit });
		}
		this.entries.push(this.#layerEntry(name, fields, cursor));
	}

	#layerEntry(name: string, fields: EntryFields, cursor: JsonCursor): LayerEntry {
		const { type } = fields;
		if (type === "hardlink") return { name, linkName: this.#linkName(fields, cursor) };
		if (fields.content !== undefined || fields.payload !== undefined)
			refusePath("content", "has a key of composefs-from-json", fields, cursor);
		const inode = this.#inode(name, type as InodeEntryType, fields, cursor);
		if (inode.type === "symlink" && inode.target.includes(REPLACEMENT)) this.#markLossy(fields, cursor);
		if (inode.xattrs !== undefined)
			for (const xattr of inode.xattrs.keys())
				if (xattr.includes(REPLACEMENT)) this.#markLossy(fields, cursor);
		return { name, inode };
	}

	#linkName(fields: EntryFields, cursor: JsonCursor): string {
		if (fields.linkName === undefined)
			refusePath("link", "is a hard link without a linkName", fields, cursor);
		const linkName = cursor.text(fields.linkName);
		if (linkName.includes(REPLACEMENT)) this.#markLossy(fields, cursor);
		if (canonicalPath(linkName) === undefined) refusePath("hard-link", 'leads over ".."', fields, cursor);
		return linkName;
	}

	#inode(name: string, type: InodeEntryType, fields: EntryFields, cursor: JsonCursor): Inode {
		if (type !== "reg") return inodeOf(type, fields, cursor);
		if (fields.size <= 0) return inlineFile(NO_BYTES, fields, cursor);
		return this.#begin(name, fields, cursor);
	}

	/** A file with content. */
	#begin(name: string, fields: EntryFields, cursor: JsonCursor): RegularFile {
		const { uid, gid, mtimeNs, xattrs, size, digest: at } = fields;
		if (at < 0) refusePath("digest", "has content, and no digest", fields, cursor);
		const sha256 = cursor.bytes.latin1Slice(at, at + 64);
		const mode = permissions("reg", fields, cursor);
		const known = this.#objectOf?.(sha256, size);
		const digest = known?.digest;
		const path = this.#objectOf === undefined ? objectPathAt(cursor.bytes, at) : known?.path;
		const content = undefined;
		const inode: RegularFile = { type: "file", mode, uid, gid, mtimeNs, xattrs, content, size, digest, path };
		if (xattrs !== undefined || known !== undefined) checkInode(inode);
		this.#chunks.begin(fields, cursor);
		this.#file = { name, digest: sha256, inode, size };
		return inode;
	}

	#chunk(fields: EntryFields, cursor: JsonCursor): void {
		const file = this.#file;
		if (file === undefined) refusePath("chunk", "is a chunk without its file before it", fields, cursor);
		if (cursor.text(fields.name) !== file.name)
			refusePath(
				"chunk",
				`is a chunk behind the file ${JSON.stringify(file.name.slice(0, 80))}`,
				fields,
				cursor,
			);
		this.#chunks.add(fields, cursor);
	}

	#finishFile(): void {
		const file = this.#file;
		if (file === undefined) return;
		this.#file = undefined;
		const chunks: TocChunk[] = this.#chunks.finish();
		const { inode, digest, size } = file;
		if (!this.#isLandmark) this.files.set(inode, { inode, digest, size, chunks });
	}

	#markLossy(fields: EntryFields, cursor: JsonCursor): void {
		this.lossy ??= { path: cursor.text(fields.name), offset: cursor.base + fields.start };
	}
}
