/**
 * The headers of one entry, as they are written: ustar, and a pax header before it for what ustar cannot say. The
 * same entry always gives the same bytes, which hold nothing of who wrote them, or when.
 */
import { nameToBytes, sortNames } from "../names.ts";
import { formatSeconds, NANOSECONDS } from "../time.ts";
import type { TarEntryType, TarMetadata } from "./entry.ts";
import { BLOCK_SIZE, paddedSize } from "./reader.ts";
import { encodeXattrName } from "./xattrs.ts";

/** A directory's name ends with a slash. */
export interface TarHeader extends Omit<TarMetadata, "xattrs"> {
	/** Bytes of content */
	readonly size: number;
	readonly xattrs: ReadonlyMap<string, Uint8Array> | undefined;
}

const TYPE_FLAGS: Readonly<Record<TarEntryType, string>> = {
	file: "0",
	hardlink: "1",
	symlink: "2",
	"character-device": "3",
	"block-device": "4",
	directory: "5",
	fifo: "6",
};

const NAME_SIZE = 100;
const MAX_ID = 8 ** 7 - 1;
const MAX_NUMBER = 8 ** 11 - 1;

/** The headers of an entry: whole blocks. Its content comes behind them. */
export function formatHeaders(entry: TarHeader): Buffer {
	const name = nameToBytes(entry.name);
	const linkName = nameToBytes(entry.linkName);
	const seconds = floorSeconds(entry.mtimeNs);
	const records = paxRecords(entry, name, linkName, seconds);
	const paxSize = records === undefined ? 0 : BLOCK_SIZE + paddedSize(records.length);
	const bytes = Buffer.alloc(paxSize + BLOCK_SIZE);
	if (records !== undefined) {
		bytes.write(PAX_NAME, 0, "latin1");
		writeHeader(bytes, 0, { typeflag: "x", mode: 0o644, uid: 0, gid: 0, size: records.length, mtime: 0 });
		bytes.set(records, BLOCK_SIZE);
	}
	bytes.set(name.subarray(0, NAME_SIZE), paxSize);
	bytes.set(linkName.subarray(0, NAME_SIZE), paxSize + 157);
	octal(bytes, paxSize + 329, 8, entry.rdev.major);
	octal(bytes, paxSize + 337, 8, entry.rdev.minor);
	writeHeader(bytes, paxSize, {
		typeflag: TYPE_FLAGS[entry.type],
		mode: entry.mode,
		uid: fitting(entry.uid, MAX_ID),
		gid: fitting(entry.gid, MAX_ID),
		size: fitting(entry.size, MAX_NUMBER),
		mtime: seconds >= 0n && seconds <= MAX_NUMBER ? Number(seconds) : 0,
	});
	return bytes;
}

/** As Python has it. */
const PAX_NAME = "././@PaxHeader";

interface Fields {
	readonly typeflag: string;
	readonly mode: number;
	readonly uid: number;
	readonly gid: number;
	readonly size: number;
	readonly mtime: number;
}

/** All but the names and the device; the sum last, which has all of them in it. */
function writeHeader(bytes: Buffer, at: number, { typeflag, mode, uid, gid, size, mtime }: Fields): void {
	octal(bytes, at + 100, 8, mode);
	octal(bytes, at + 108, 8, uid);
	octal(bytes, at + 116, 8, gid);
	octal(bytes, at + 124, 12, size);
	octal(bytes, at + 136, 12, mtime);
	bytes.write("        ", at + 148, "latin1");
	bytes.write(typeflag, at + 156, "latin1");
	bytes.write("ustar\x0000", at + 257, "latin1");
	let sum = 0;
	for (let n = at; n < at + BLOCK_SIZE; n++) sum += bytes[n] as number;
	octal(bytes, at + 148, 7, sum);
}

function octal(bytes: Buffer, at: number, length: number, value: number): void {
	bytes.write(value.toString(8).padStart(length - 1, "0"), at, "latin1");
	bytes[at + length - 1] = 0;
}

/** What does not fit is in a pax record. */
function fitting(value: number, most: number): number {
	return value <= most ? value : 0;
}

function floorSeconds(time: bigint): bigint {
	const seconds = time / NANOSECONDS;
	return time % NANOSECONDS < 0n ? seconds - 1n : seconds;
}

/** The records that the entry needs, or undefined. */
function paxRecords(
	entry: TarHeader,
	name: Uint8Array,
	linkName: Uint8Array,
	seconds: bigint,
): Buffer | undefined {
	const { uid, gid, size, mtimeNs, xattrs } = entry;
	const records: Uint8Array[] = [];
	// Others than bsdtar take bytes as they are anyway.
	if (!(entry.name.isWellFormed() && entry.linkName.isWellFormed()))
		records.push(record("hdrcharset", Buffer.from("BINARY")));
	if (!fitsField(name)) records.push(record("path", name));
	if (!fitsField(linkName)) records.push(record("linkpath", linkName));
	if (size > MAX_NUMBER) records.push(record("size", Buffer.from(`${size}`)));
	if (uid > MAX_ID) records.push(record("uid", Buffer.from(`${uid}`)));
	if (gid > MAX_ID) records.push(record("gid", Buffer.from(`${gid}`)));
	const isWhole = seconds * NANOSECONDS === mtimeNs;
	if (!isWhole || seconds < 0n || seconds > MAX_NUMBER)
		records.push(record("mtime", Buffer.from(formatSeconds(mtimeNs))));
	if (xattrs !== undefined)
		for (const xattr of sortNames([...xattrs.keys()]))
			records.push(record(`SCHILY.xattr.${encodeXattrName(xattr)}`, xattrs.get(xattr) as Uint8Array));
	return records.length === 0 ? undefined : Buffer.concat(records);
}

/** Headers are ASCII (POSIX), and what is not is in a record. */
function fitsField(bytes: Uint8Array): boolean {
	return bytes.length <= NAME_SIZE && bytes.every((byte) => byte < 0x80);
}

/** "LENGTH KEY=VALUE\n", whose length counts itself. */
function record(key: string, value: Uint8Array): Buffer {
	const keyBytes = nameToBytes(key);
	const rest = keyBytes.length + value.length + 3;
	let length = rest + String(rest).length;
	if (String(length).length > String(rest).length) length = rest + String(length).length;
	return Buffer.concat([Buffer.from(`${length} `), keyBytes, EQUALS, value, NEWLINE]);
}

const EQUALS = Buffer.from("=");
const NEWLINE = Buffer.from("\n");
