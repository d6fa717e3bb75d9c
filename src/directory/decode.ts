/**
 * What native/scan.cc packs: the records of one directory, its own first (it has no name), then one for each name
 * in it. Numbers are in the machine's byte order; each record begins at a multiple of 8.
 *
 *     offset  type     field
 *          0  u32      st_mode
 *          4  u32      st_nlink
 *          8  u32      uid
 *         12  u32      gid
 *         16  u32 × 2  major and minor number of the device that the inode is
 *         24  u32      nanoseconds of mtime, within its second
 *         28  u32      problem × 65,536 + errno; with a problem there is neither text nor attribute
 *         32  u32      bytes of the name
 *         36  u32      bytes of the text: a symlink's target, or a small file's content
 *         40  u32      number of attributes
 *         44  u32      bytes of all attributes
 *         48  i64 × 5  the identity, as FileIdentity has its fields; times wrap where 64 bits do not hold them
 *         88  i64      seconds of mtime
 *         96  bytes    name, text
 *          …  u32 × 2, bytes  for each attribute: bytes of its name and of its value, then both
 */
import type { FileIdentity } from "../file-path.ts";
import { IDENTITY_FIELDS } from "../found-files.ts";
import type { DeviceNumber } from "../inode.ts";
import { bytesToName } from "../names.ts";
import { NANOSECONDS } from "../time.ts";

const FIXED_SIZE = 96;
const ALIGNMENT = 8;
const IDENTITY = 48 >> 3;
/** Seconds whose nanoseconds fit into 64 bits, with some to spare. */
const NEAR_SECONDS = 9_000_000_000n;

/** The records of one directory, as typed arrays over the same bytes. */
interface Records {
	readonly bytes: Buffer;
	readonly words: Uint32Array;
	readonly longs: BigInt64Array;
}

/** One of them. Fields are read when they are asked for: of most records few are, and each bigint is an object. */
export class ScanRecord {
	readonly #records: Records;
	readonly #at: number;

	constructor(records: Records, at: number) {
		this.#records = records;
		this.#at = at;
	}

	/** Empty for the directory itself. */
	get name(): string {
		return bytesToName(this.#bytes(0, this.#word(32)));
	}

	/** st_mode: type and permissions. */
	get status(): number {
		return this.#word(0);
	}

	get links(): number {
		return this.#word(4);
	}

	get uid(): number {
		return this.#word(8);
	}

	get gid(): number {
		return this.#word(12);
	}

	get rdev(): DeviceNumber {
		return { major: this.#word(16), minor: this.#word(20) };
	}

	/** True for 0:0. */
	get isNullDevice(): boolean {
		return this.#word(16) === 0 && this.#word(20) === 0;
	}

	get mtimeNs(): bigint {
		const seconds = this.#long(88);
		if (seconds > -NEAR_SECONDS && seconds < NEAR_SECONDS) return this.#long(72);
		return seconds * NANOSECONDS + BigInt(this.#word(24));
	}

	get size(): number {
		return Number(this.#long(64));
	}

	get identity(): FileIdentity {
		return {
			dev: BigInt.asUintN(64, this.#long(48)),
			ino: BigInt.asUintN(64, this.#long(56)),
			size: this.#long(64),
			mtimeNs: this.#long(72),
			ctimeNs: this.#long(80),
		};
	}

	/** The identity's numbers, where they are. */
	get packedIdentity(): BigInt64Array {
		const start = (this.#at >> 3) + IDENTITY;
		return this.#records.longs.subarray(start, start + IDENTITY_FIELDS);
	}

	/** Bytes of a symlink's target or of a small file; a copy, which does not keep the other records. */
	get text(): Uint8Array {
		return Buffer.from(this.#bytes(this.#word(32), this.#word(36)));
	}

	get textLength(): number {
		return this.#word(36);
	}

	get xattrs(): Map<string, Uint8Array> | undefined {
		const count = this.#word(40);
		return count === 0
			? undefined
			: decodeXattrs(this.#bytes(this.#word(32) + this.#word(36), this.#word(44)));
	}

	/** Index in the enum Problem of native/scan.h; 0 is none. */
	get problem(): number {
		return this.#word(28) >>> 16;
	}

	/** With a problem that is a failed call: its errno. */
	get errno(): number {
		return this.#word(28) & 0xffff;
	}

	/** Where the next record begins. */
	get end(): number {
		const end = this.#at + FIXED_SIZE + this.#word(32) + this.#word(36) + this.#word(44);
		return Math.ceil(end / ALIGNMENT) * ALIGNMENT;
	}

	#word(offset: number): number {
		return this.#records.words[(this.#at + offset) >> 2] as number;
	}

	#long(offset: number): bigint {
		return this.#records.longs[(this.#at + offset) >> 3] as bigint;
	}

	#bytes(offset: number, length: number): Buffer {
		const start = this.#at + FIXED_SIZE + offset;
		return this.#records.bytes.subarray(start, start + length);
	}
}

export function* decodeRecords(buffer: ArrayBuffer): Generator<ScanRecord, void, undefined> {
	const records = {
		bytes: Buffer.from(buffer),
		words: new Uint32Array(buffer),
		longs: new BigInt64Array(buffer),
	};
	for (let at = 0; at < buffer.byteLength; ) {
		const record = new ScanRecord(records, at);
		yield record;
		at = record.end;
	}
}

function decodeXattrs(bytes: Buffer): Map<string, Uint8Array> {
	const xattrs = new Map<string, Uint8Array>();
	for (let at = 0; at < bytes.length; ) {
		const nameEnd = at + 8 + readWord(bytes, at);
		const valueEnd = nameEnd + readWord(bytes, at + 4);
		xattrs.set(bytesToName(bytes.subarray(at + 8, nameEnd)), Buffer.from(bytes.subarray(nameEnd, valueEnd)));
		at = valueEnd;
	}
	return xattrs;
}

const LITTLE_ENDIAN = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

/** A number that need not be aligned. */
function readWord(bytes: Buffer, at: number): number {
	return LITTLE_ENDIAN ? bytes.readUInt32LE(at) : bytes.readUInt32BE(at);
}
