/** `readTar`: the entries of an archive, one after the other, as its bytes come. */
import type { ContentChunk } from "../content.ts";
import type { DeviceNumber } from "../inode.ts";
import { fillLimits } from "../limits.ts";
import { bytesToName } from "../names.ts";
import { ChunkPull, type ChunkSource } from "../pull.ts";
import { EntryContent, placeContent } from "./content.ts";
import { describeEntry, type EntryDescription, type Extensions, sizeOf } from "./describe.ts";
import { TAR_LIMITS, type TarEntry, type TarEntryType, type TarLimits } from "./entry.ts";
import { fail, type TarRule } from "./fault.ts";
import { type Header, isZeroBlock, parseHeader } from "./header.ts";
import { collectRecords, type PaxHeader, type PaxRecords } from "./pax.ts";
import { paddedSize, TarReader } from "./reader.ts";

export interface ReadTarOptions {
	readonly signal?: AbortSignal | undefined;
	readonly limits?: Partial<TarLimits> | undefined;
	/**
	 * `strict`: two blocks of zeros end the archive, and nothing but zeros follows. `any`: it may lack them, as when it
	 * was cut between two entries, and whatever follows them is passed over, as other readers do. Default: `strict`
	 */
	readonly end?: "strict" | "any" | undefined;
	/**
	 * What a global pax header says of the entries behind it. `apply`: as POSIX has it. `refuse`: it is an error, rule
	 * `extension`, unless it says nothing of them, such as that of `git archive`: for layers, where Docker and containerd
	 * pass over it, and umoci refuses it. Default: `apply`
	 */
	readonly global?: "apply" | "refuse" | undefined;
}

/**
 * Reads an archive: v7, ustar, GNU, pax, in whatever mixture. Its source is read to the end, so that a digest of it
 * can be checked; memory is bounded by the limits and by the source's chunks.
 *
 * @throws ComposefsError `ERR_COMPOSEFS_TAR` with `rule` and `offset`; what the source throws; the signal's reason.
 */
export async function* readTar(source: ChunkSource, options: ReadTarOptions = {}): AsyncGenerator<TarEntry> {
	const { signal, limits, end = "strict", global = "apply" } = options;
	const pull = new ChunkPull(source, signal);
	try {
		const archive = new Archive(new TarReader(pull), fillLimits(TAR_LIMITS, limits), { end, global });
		for (;;) {
			const entry = await archive.next();
			if (entry === undefined) return;
			yield entry;
			await entry.leave();
		}
	} catch (error) {
		await pull.abandon();
		throw error;
	} finally {
		await pull.close();
	}
}

const NO_EXTENSIONS: Extensions = { name: undefined, linkName: undefined, pax: undefined };

class Archive {
	readonly #reader: TarReader;
	readonly #limits: TarLimits;
	readonly #strict: boolean;
	readonly #refusesGlobal: boolean;
	#entries = 0;
	#global: PaxRecords = new Map();
	#extensions: Extensions = NO_EXTENSIONS;

	constructor(reader: TarReader, limits: TarLimits, { end, global }: ReadTarOptions) {
		this.#reader = reader;
		this.#limits = limits;
		this.#strict = end === "strict";
		this.#refusesGlobal = global === "refuse";
	}

	/** The next entry; undefined when the source has ended. */
	async next(): Promise<ArchiveEntry | undefined> {
		const reader = this.#reader;
		for (;;) {
			if (reader.mustPause) await reader.pause();
			const offset = reader.offset;
			if (!reader.takeBlock() && !(await reader.nextBlock())) return this.#missingEnd(offset);
			if (isZeroBlock(reader.block, reader.blockAt)) return this.#end(offset);
			const header = parseHeader(reader.block, reader.blockAt, offset);
			if (!(await this.#readExtension(header))) return this.#entry(header);
		}
	}

	/** Reads a header that belongs to others, and says if it is one. */
	async #readExtension(header: Header): Promise<boolean> {
		switch (header.typeflag) {
			case "L":
				this.#extend(header, { name: await this.#readName(header) });
				return true;
			case "K":
				this.#extend(header, { linkName: await this.#readName(header) });
				return true;
			case "x":
			case "X": // as Solaris wrote it before there was a standard
				this.#extend(header, { pax: await this.#readPax(header) });
				return true;
			case "g":
				await this.#readGlobal(header);
				return true;
			case "V": // the name of a volume
				this.#refuseExtensions(header.offset);
				await this.#reader.skipTo(this.#reader.offset + paddedSize(sizeOf(header)));
				return true;
			default:
				return false;
		}
	}

	#extend({ offset, typeflag }: Header, extension: Partial<Extensions>): void {
		const before = this.#extensions;
		for (const key of Object.keys(extension) as (keyof Extensions)[])
			if (before[key] !== undefined)
				fail("extension", offset, `the second header of type ${typeflag} for one entry`);
		this.#extensions = { ...before, ...extension };
	}

	#refuseExtensions(offset: number): void {
		if (this.#extensions !== NO_EXTENSIONS)
			fail("extension", offset, "the headers before are those of an entry that does not come");
	}

	async #readName(header: Header): Promise<string> {
		const bytes = await this.#readLimited(header, "name-size", this.#limits.nameSize);
		const end = bytes.indexOf(0);
		return bytesToName(end < 0 ? bytes : bytes.subarray(0, end));
	}

	async #readPax(header: Header): Promise<PaxHeader> {
		const bytes = await this.#readLimited(header, "pax-size", this.#limits.paxSize);
		return collectRecords(bytes, header.offset);
	}

	async #readGlobal(header: Header): Promise<void> {
		this.#refuseExtensions(header.offset);
		const { records, sparsePairs } = await this.#readPax(header);
		if (this.#refusesGlobal && records.size + sparsePairs.length > 0)
			fail("extension", header.offset, "a global pax header, which not every reader of layers heeds");
		for (const [key, value] of records) this.#global.set(key, value);
		let size = 0;
		let isSparse = sparsePairs.length > 0;
		for (const [key, value] of this.#global) {
			size += key.length + value.length;
			isSparse ||= key.startsWith("GNU.sparse.");
		}
		if (isSparse) fail("sparse-map", header.offset, "a global pax header describes a sparse file");
		this.#checkLimit(size, "pax-size", this.#limits.globalSize, header.offset);
	}

	async #readLimited(header: Header, rule: "name-size" | "pax-size", limit: number): Promise<Buffer> {
		const size = sizeOf(header);
		this.#checkLimit(size, rule, limit, header.offset);
		return this.#reader.copy(size);
	}

	#checkLimit(actual: number, rule: TarRule, limit: number, offset: number): void {
		if (actual <= limit) return;
		fail(rule, offset, `${actual} bytes of a header, the limit is ${limit}`, { limit, actual });
	}

	async #entry(header: Header): Promise<ArchiveEntry> {
		const { entries, sparseSegments } = this.#limits;
		if (++this.#entries > entries)
			fail("entries", header.offset, `more than ${entries} entries`, { limit: entries });
		const extensions = this.#extensions;
		this.#extensions = NO_EXTENSIONS;
		const description = describeEntry(header, extensions, this.#global);
		const place = await placeContent(this.#reader, description, {
			offset: header.offset,
			limit: sparseSegments,
		});
		return new ArchiveEntry(description, new EntryContent(this.#reader, place));
	}

	async #end(offset: number): Promise<undefined> {
		this.#refuseExtensions(offset);
		const reader = this.#reader;
		if (!(await reader.nextBlock())) return this.#missingEnd(offset);
		if (!isZeroBlock(reader.block, reader.blockAt))
			fail("end", offset, "one block of zeros, where two end an archive");
		for (;;) {
			const start = reader.offset;
			const piece = await reader.piece(DRAIN_SIZE);
			if (piece === undefined) return undefined;
			if (this.#strict && !piece.equals(ZEROS.subarray(0, piece.length)))
				fail("trailing", start, "something follows the end of the archive");
		}
	}

	#missingEnd(offset: number): undefined {
		const whole = this.#extensions === NO_EXTENSIONS;
		if (this.#strict || !whole) fail("truncated", offset, "the archive ends without two blocks of zeros");
	}
}

const DRAIN_SIZE = 1 << 16;
const ZEROS = Buffer.alloc(DRAIN_SIZE);

/** Every field is written out, so that all entries have one hidden class. */
class ArchiveEntry implements TarEntry {
	readonly name: string;
	readonly type: TarEntryType;
	readonly mode: number;
	readonly uid: number;
	readonly gid: number;
	readonly mtimeNs: bigint;
	readonly size: number;
	readonly linkName: string;
	readonly rdev: DeviceNumber;
	readonly xattrs: Map<string, Uint8Array> | undefined;
	readonly offset: number;
	readonly isSparse: boolean;
	readonly #content: EntryContent;

	constructor(description: EntryDescription, content: EntryContent) {
		this.name = description.name;
		this.type = description.type;
		this.mode = description.mode;
		this.uid = description.uid;
		this.gid = description.gid;
		this.mtimeNs = description.mtimeNs;
		this.size = content.size;
		this.linkName = description.linkName;
		this.rdev = description.rdev;
		this.xattrs = description.xattrs;
		this.offset = description.offset;
		this.isSparse = description.sparse !== undefined;
		this.#content = content;
	}

	content(): AsyncIterable<ContentChunk> {
		return this.#content.read();
	}

	/** Ends the content; the reader stands at the next header then. */
	leave(): Promise<void> {
		return this.#content.leave();
	}
}
