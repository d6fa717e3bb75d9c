/** Where the content of files is: ranges of the blob, each to be decompressed by itself. */
import type { ByteRange } from "../blob.ts";
import type { RegularFile } from "../inode.ts";
import type { EntryFields } from "./entry.ts";
import { fail, tocError } from "./fault.ts";
import type { JsonCursor } from "./json.ts";
import type { TocLimits } from "./limits.ts";

/** A part of a file's content. */
export interface TocChunk {
	/** Where in the file it begins. */
	readonly start: number;
	/** Bytes in the file. */
	readonly size: number;
	/** Compressed bytes of the blob that begin with it; a hole has none. */
	readonly range: ByteRange | undefined;
	/** SHA-256 of the content: 64 small digits. Undefined where only the whole file has one. */
	readonly digest: string | undefined;
}

/** The content of a file that is not empty. */
export interface TocFile {
	/** The file in the tree: whoever brings the content says there where it is. */
	readonly inode: RegularFile;
	/** SHA-256 of the content: 64 small digits. */
	readonly digest: string;
	/** Bytes */
	readonly size: number;
	/** In the order of the content, without gaps. */
	readonly chunks: readonly TocChunk[];
}

interface OpenChunk {
	start: number;
	size: number;
	offset: number;
	isZeros: boolean;
	digest: string | undefined;
}

/** Collects chunks, file by file, and checks that their ranges are in the blob, in order, and apart. */
export class ChunkCollector {
	readonly #hasEnds: boolean;
	readonly #blobEnd: number;
	readonly #limits: TocLimits;
	/** Nothing may begin before it. */
	#taken = 0;
	#chunkCount = 0;
	#zeros = 0;
	#open: OpenChunk[] = [];
	#size = 0;
	#end = 0;
	/** Place of the file's entry in the text. */
	#place = 0;
	/** A chunk whose end is where the next begins, of any file. */
	#pending: { range: { start: number; end: number } } | undefined;

	/**
	 * @param hasEnds  zstd:chunked says where files end, eStargz does not
	 * @param blobEnd  where in the blob content ends
	 */
	constructor(hasEnds: boolean, blobEnd: number, limits: TocLimits) {
		this.#hasEnds = hasEnds;
		this.#blobEnd = blobEnd;
		this.#limits = limits;
	}

	/** Begins a file, with its own entry. */
	begin(fields: EntryFields, cursor: JsonCursor): void {
		this.#place = cursor.base + fields.start;
		this.#size = fields.size;
		this.#end = fields.endOffset;
		if (this.#hasEnds && this.#end < 0) this.#fail("range", "a file has no endOffset");
		if (this.#hasEnds && this.#end > this.#blobEnd)
			this.#fail(
				"range",
				`a file ends at byte ${this.#end} of a blob whose content ends at ${this.#blobEnd}`,
			);
		if (fields.chunkOffset !== 0) this.#fail("chunk", "the first chunk of a file begins within it");
		this.#add(0, fields, cursor);
	}

	/** Adds a chunk to the file, with an entry of its own. */
	add(fields: EntryFields, cursor: JsonCursor): void {
		const before = this.#open.at(-1);
		if (before === undefined) fail("chunk", cursor.base + fields.start, "a chunk has no file before it");
		if (before.size === 0) this.#fail("chunk", "a chunk that is not the last has no size");
		const start = before.start + before.size;
		if (fields.chunkOffset !== start)
			this.#fail("chunk", `a chunk begins at byte ${fields.chunkOffset}, the one before ends at ${start}`);
		this.#add(start, fields, cursor);
	}

	/** All chunks of the file begun last. */
	finish(): TocChunk[] {
		const open = this.#open;
		this.#open = [];
		const last = open.at(-1) as OpenChunk;
		if (last.size === 0) last.size = this.#size - last.start;
		if (last.size <= 0 || last.start + last.size !== this.#size)
			this.#fail("chunk", `chunks of ${last.start + last.size} bytes, in a file of ${this.#size}`);
		for (const { isZeros, size } of open) if (isZeros) this.#zeros += size;
		if (this.#zeros > this.#limits.zeros) this.#refuse("zeros", this.#limits.zeros);
		const chunks = open.map((chunk, n) => this.#close(chunk, open[n + 1]));
		if (!this.#hasEnds) return chunks;
		if (this.#end <= last.offset) this.#fail("range", "a file ends before its last chunk begins");
		this.#taken = this.#end;
		return chunks;
	}

	/** Ends what has no end of its own. */
	close(): void {
		if (this.#pending !== undefined) this.#pending.range.end = this.#blobEnd;
		this.#pending = undefined;
	}

	#add(start: number, fields: EntryFields, cursor: JsonCursor): void {
		const { chunkSize: size, offset, isZeros, chunkDigest, innerOffset } = fields;
		if (++this.#chunkCount > this.#limits.chunks) this.#refuse("chunks", this.#limits.chunks);
		if (innerOffset !== 0)
			this.#fail("inner-offset", "several contents in one gzip member are not supported");
		if (start + size > this.#size)
			this.#fail("chunk", `a chunk reaches beyond the file's ${this.#size} bytes`);
		const digest = chunkDigest < 0 ? undefined : cursor.bytes.latin1Slice(chunkDigest, chunkDigest + 64);
		if (offset < 0) this.#fail("range", "content has no offset");
		this.#take(offset);
		this.#open.push({ start, size, offset, isZeros, digest });
	}

	/** A chunk begins there, and the one before ends. */
	#take(offset: number): void {
		if (offset < this.#taken)
			this.#fail("range", `content begins at byte ${offset}, which other content has`);
		if (offset >= this.#blobEnd)
			this.#fail(
				"range",
				`content begins at byte ${offset} of a blob whose content ends at ${this.#blobEnd}`,
			);
		this.#taken = offset + 1;
		if (this.#pending !== undefined) this.#pending.range.end = offset;
		this.#pending = undefined;
	}

	#close({ start, size, offset, isZeros, digest }: OpenChunk, next: OpenChunk | undefined): TocChunk {
		if (isZeros) return { start, size, range: undefined, digest };
		const end = next?.offset ?? (this.#hasEnds ? this.#end : this.#blobEnd);
		const range = { start: offset, end };
		if (next === undefined && !this.#hasEnds) this.#pending = { range };
		return { start, size, range, digest };
	}

	#refuse(rule: "chunks" | "zeros", limit: number): never {
		const what = rule === "chunks" ? "chunks" : "bytes of holes";
		throw tocError(rule, this.#place, `there are more than ${limit} ${what}`, { limit });
	}

	#fail(rule: "chunk" | "range" | "inner-offset", problem: string): never {
		fail(rule, this.#place, problem);
	}
}
