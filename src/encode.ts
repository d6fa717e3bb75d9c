/**
 * From a tree to records, the form in which it crosses to the addon (native/records.h reads it).
 *
 * A tree is a list of chunks of up to 1,024 records, each record one name. Record 0 is the root. The children
 * of a directory stand together, and behind them all that is below: directory by directory, in the order of their
 * names if all of those are ASCII, else as they came. A chunk is, in this order, numbers little-endian:
 *
 *     header    6 words of 32 bits: magic "CFSR", RECORDS_VERSION, number of records, number of lengths,
 *               bytes of strings, bytes of blobs
 *     records   9 words each, see below
 *     lengths   1 word for each xattr: the bytes of its value
 *     strings   each with a NUL behind it; for each record: name ("" for the root), the symlink's target or
 *               the object path, digest in hexadecimal, names of xattrs
 *     blobs     for each record: inline content, values of xattrs
 *
 *     word      a record                                              a hard link
 *     0         type and permission bits as in st_mode                0
 *     1, 2      uid, gid                                              0
 *     3, 4, 5   mtime in nanoseconds, 96 bits, two's complement       0
 *     6, 7      file: size, 64 bits; device: major, minor;            6: number of the record of its inode
 *               directory: number of children, 0
 *     8         number of xattrs, 16 bits; then these flags           0
 */
import { ComposefsError } from "./errors.ts";
import { gatedWalk } from "./gate.ts";
import { Idle } from "./idle.ts";
import type { Inode, RegularFile } from "./inode.ts";
import { nameToBytes, UNIT_BYTES } from "./names.ts";
import { runInSlices } from "./slices.ts";
import { TYPE_BITS } from "./stat.ts";
import type { Tree } from "./tree.ts";

/** Changes with the layout; kRecordsVersion in native/records.h. */
export const RECORDS_VERSION = 2;

const MAGIC = 0x52534643;
const HEADER_WORDS = 6;
const RECORD_WORDS = 9;
/** What a chunk is made of stays in the processor's caches meanwhile. */
const RECORDS_PER_CHUNK = 1024;
/** Of a buffer, at first; and the largest that is kept for the next tree. */
const FIRST_BYTES = 1 << 16;
const KEPT_BYTES = 1 << 20;
/** Copying so few in a loop takes less than a call. */
const FEW_BYTES = 8;
const HAS_PATH = 1 << 16;
const HAS_DIGEST = 1 << 17;
const HAS_CONTENT = 1 << 18;

/** Paths of whiteouts that may be warned of. */
export interface Whiteouts {
	/** The first of all in the order of the walk. */
	readonly first: string | undefined;
	/** Those in opaque directories. */
	readonly redundant: readonly string[];
}

/**
 * Encodes a tree, giving each chunk to `add`, which must take what it needs of it: the memory is used again.
 *
 * @returns what whiteouts there are
 * @throws ComposefsError for the first rule that the tree breaks; the signal's reason
 */
export async function encodeTree(
	tree: Tree,
	add: (chunk: Uint8Array) => void,
	signal?: AbortSignal,
): Promise<Whiteouts> {
	return idle.lend(async (encoder) => {
		encoder.begin(add);
		await runInSlices(gatedWalk(tree, encoder), signal);
		return encoder.finish();
	});
}

// A time as 64 bits, without making numbers of it.
const time = new BigInt64Array(1);
const timeWords = new Int32Array(time.buffer);

const NOWHERE = () => {};

class Encoder {
	#add: (chunk: Uint8Array) => void = NOWHERE;
	#firstWhiteout: string | undefined;
	#redundantWhiteouts: string[] = [];
	readonly #records = new Int32Array(RECORDS_PER_CHUNK * RECORD_WORDS);
	#count = 0;
	#lengths: number[] = [];
	/** What follows the first of them is left from earlier chunks: an array that shrinks has to grow anew. */
	#strings: string[] = [];
	#stringCount = 0;
	/** Copied as soon as they are met, when they are at hand and nobody can have changed them. */
	#blobs = Buffer.allocUnsafeSlow(FIRST_BYTES);
	#blobBytes = 0;
	#chunk = Buffer.allocUnsafeSlow(FIRST_BYTES);

	begin(add: (chunk: Uint8Array) => void): void {
		this.#add = add;
	}

	inode(name: string, inode: Inode): void {
		const at = this.#next(name);
		const words = this.#records;
		words[at + 1] = inode.uid;
		words[at + 2] = inode.gid;
		time[0] = inode.mtimeNs;
		words[at + 3] = timeWords[0] as number;
		words[at + 4] = timeWords[1] as number;
		words[at + 5] = highWord(inode.mtimeNs);
		words[at + 8] = this.#details(inode, at) | this.#xattrs(inode);
	}

	link(name: string, target: number): void {
		const at = this.#next(name);
		this.#records.fill(0, at, at + RECORD_WORDS);
		this.#records[at + 6] = target;
	}

	whiteout(path: string, isRedundant: boolean): void {
		this.#firstWhiteout ??= path;
		if (isRedundant) this.#redundantWhiteouts.push(path);
	}

	finish(): Whiteouts {
		if (this.#count > 0) this.#closeChunk();
		return { first: this.#firstWhiteout, redundant: this.#redundantWhiteouts };
	}

	/** Lets go of the tree, wherever in it the work ended. */
	forget(): void {
		this.#add = NOWHERE;
		this.#firstWhiteout = undefined;
		this.#redundantWhiteouts = [];
		this.#empty();
		this.#strings = [];
		if (this.#chunk.length > KEPT_BYTES) this.#chunk = Buffer.allocUnsafeSlow(FIRST_BYTES);
		if (this.#blobs.length > KEPT_BYTES) this.#blobs = Buffer.allocUnsafeSlow(FIRST_BYTES);
	}

	/** Begins a record; returns the index of its first word. */
	#next(name: string): number {
		if (this.#count === RECORDS_PER_CHUNK) this.#closeChunk();
		this.#string(name);
		return this.#count++ * RECORD_WORDS;
	}

	/** Words 0, 6 and 7, and what belongs to them; returns the flags. */
	#details(inode: Inode, at: number): number {
		const { mode } = inode;
		switch (inode.type) {
			case "directory":
				return this.#words(at, TYPE_BITS.directory | mode, inode.children.size, 0);
			case "file":
				return this.#file(inode, at);
			case "symlink":
				this.#string(inode.target);
				return this.#words(at, TYPE_BITS.symlink | mode, 0, 0);
			case "character-device":
			case "block-device":
				return this.#words(at, TYPE_BITS[inode.type] | mode, inode.rdev.major, inode.rdev.minor);
			default:
				return this.#words(at, TYPE_BITS[inode.type] | mode, 0, 0);
		}
	}

	#file(inode: RegularFile, at: number): number {
		const mode = TYPE_BITS.file | inode.mode;
		const { content } = inode;
		if (content !== undefined) {
			this.#blob(content);
			return this.#words(at, mode, content.length, 0) | (content.length > 0 ? HAS_CONTENT : 0);
		}
		let flags = this.#words(at, mode, inode.size, Math.floor(inode.size / 2 ** 32));
		if (inode.path !== undefined) {
			this.#string(inode.path);
			flags |= HAS_PATH;
		}
		if (inode.digest !== undefined) {
			this.#string(inode.digest);
			flags |= HAS_DIGEST;
		}
		return flags;
	}

	#words(at: number, mode: number, first: number, second: number): number {
		this.#records[at] = mode;
		this.#records[at + 6] = first;
		this.#records[at + 7] = second;
		return 0;
	}

	#xattrs({ xattrs }: Inode): number {
		if (xattrs === undefined) return 0;
		for (const [name, value] of xattrs) {
			this.#string(name);
			this.#lengths.push(value.length);
			this.#blob(value);
		}
		return xattrs.size;
	}

	#string(text: string): void {
		this.#strings[this.#stringCount++] = text;
	}

	#blob(bytes: Uint8Array): void {
		const at = this.#blobBytes;
		const end = at + bytes.length;
		if (end > this.#blobs.length) this.#blobs = Buffer.concat([this.#blobs], end * 2);
		copyTo(this.#blobs, at, bytes);
		this.#blobBytes = end;
	}

	#closeChunk(): void {
		this.#string(""); // for the last NUL: adding it to what is joined would copy that
		this.#strings.length = this.#stringCount;
		const strings = joinStrings(this.#strings);
		const at = (HEADER_WORDS + this.#count * RECORD_WORDS + this.#lengths.length) * 4;
		const most = at + strings.length * UNIT_BYTES + this.#blobBytes;
		if (most > this.#chunk.length) this.#chunk = Buffer.allocUnsafeSlow(most * 2);
		const chunk = this.#chunk;

		const stringBytes = typeof strings === "string" ? chunk.write(strings, at, "utf8") : strings.length;
		if (typeof strings !== "string") chunk.set(strings, at);
		const words = new Int32Array(chunk.buffer, 0, at / 4);
		words.set([MAGIC, RECORDS_VERSION, this.#count, this.#lengths.length, stringBytes, this.#blobBytes]);
		words.set(this.#records.subarray(0, this.#count * RECORD_WORDS), HEADER_WORDS);
		words.set(this.#lengths, HEADER_WORDS + this.#count * RECORD_WORDS);
		chunk.set(this.#blobs.subarray(0, this.#blobBytes), at + stringBytes);
		this.#add(chunk.subarray(0, at + stringBytes + this.#blobBytes));
		this.#empty();
	}

	#empty(): void {
		this.#count = 0;
		this.#lengths = [];
		this.#stringCount = 0;
		this.#blobBytes = 0;
	}
}

const idle = new Idle(() => new Encoder());

function copyTo(target: Uint8Array, at: number, bytes: Uint8Array): void {
	if (bytes.length > FEW_BYTES) target.set(bytes, at);
	else for (let n = 0; n < bytes.length; n++) target[at + n] = bytes[n] as number;
}

/** One text for all strings of a chunk; bytes, name by name, only if one of them is not valid UTF-8. */
function joinStrings(strings: string[]): string | Uint8Array {
	const joined = strings.join("\0");
	if (joined.isWellFormed()) return joined;
	const terminator = Uint8Array.of(0);
	return Buffer.concat(strings.slice(0, -1).flatMap((text) => [textToBytes(text), terminator]));
}

/** What is wrong with a text is the gate's to say, as it is with what the addon refuses. */
function textToBytes(text: string): Uint8Array {
	try {
		return nameToBytes(text);
	} catch (error) {
		if (!(error instanceof ComposefsError)) throw error;
		throw new ComposefsError("ERR_COMPOSEFS_RECORDS", error.message, { rule: "strings" });
	}
}

const MAX_64 = 2n ** 63n - 1n;
const MIN_64 = -(2n ** 63n);

/** Bits 64 to 95: for times from 1677 to 2262 merely the sign. */
function highWord(nanoseconds: bigint): number {
	if (nanoseconds <= MAX_64 && nanoseconds >= MIN_64) return (timeWords[1] as number) >> 31;
	return Number(BigInt.asIntN(32, nanoseconds >> 64n));
}
