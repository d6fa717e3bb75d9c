/** What the headers of an entry say together. */
import type { DeviceNumber } from "../inode.ts";
import { LIMITS } from "../limits.ts";
import { NANOSECONDS } from "../time.ts";
import type { TarEntryType, TarMetadata } from "./entry.ts";
import { fail, type TarRule } from "./fault.ts";
import type { Header } from "./header.ts";
import { interpretPax, type PaxFields, type PaxHeader, type PaxRecords } from "./pax.ts";
import type { PaxSparse } from "./sparse.ts";

/** Headers that came before that of the entry: GNU's for long names, and the pax header. */
export interface Extensions {
	readonly name: string | undefined;
	readonly linkName: string | undefined;
	readonly pax: PaxHeader | undefined;
}

export interface EntryDescription extends TarMetadata {
	readonly offset: number;
	/** Bytes that follow the header in the archive. */
	readonly stored: number;
	/** Of a sparse file: its size, and the pax header's map, if it is not one of old GNU headers. */
	readonly sparse: { readonly size: number; readonly pax: PaxSparse | undefined } | undefined;
}

const TYPES: Readonly<Record<string, TarEntryType>> = {
	"0": "file",
	"1": "hardlink",
	"2": "symlink",
	"3": "character-device",
	"4": "block-device",
	"5": "directory",
	"6": "fifo",
	"7": "file", // in one piece on the disk
	S: "file", // sparse
	D: "directory", // with a list of its files
};

const NO_DEVICE: DeviceNumber = { major: 0, minor: 0 };
const NO_RECORDS: PaxHeader = { records: new Map(), sparsePairs: [], offset: 0 };
const MAX_TIME = LIMITS.mtimeSeconds * NANOSECONDS;

/** Pax records stand in for GNU's headers, and these for fields of the header. */
export function describeEntry(header: Header, extensions: Extensions, global: PaxRecords): EntryDescription {
	const { offset } = header;
	const plain = extensions.pax === undefined && global.size === 0;
	const pax = plain ? undefined : interpretPax(extensions.pax ?? { ...NO_RECORDS, offset }, global);
	const name = pick("name", offset, [pax?.sparse?.name ?? pax?.path, extensions.name, header.name]);
	const type = typeOf(header, name, pax);
	const isLink = type === "symlink" || type === "hardlink";
	return {
		name,
		type,
		mode: number("mode", header.mode, offset) & LIMITS.mode,
		uid: inRange("owner", pax?.uid ?? number("uid", header.uid, offset), LIMITS.id, offset),
		gid: inRange("owner", pax?.gid ?? number("gid", header.gid, offset), LIMITS.id, offset),
		mtimeNs: timeOf(header, pax),
		linkName: isLink ? pick("link-name", offset, [pax?.linkName, extensions.linkName, header.linkName]) : "",
		rdev: deviceOf(header, type, pax),
		xattrs: pax?.xattrs,
		offset,
		stored: storedSize(header, type, pax),
		sparse: sparseOf(header, type, pax),
	};
}

/** The size field of a header. */
export function sizeOf({ size, offset }: Header): number {
	return inRange("size", number("size", size, offset), Number.MAX_SAFE_INTEGER, offset);
}

/** The first that is there; two that differ are two readings of one archive. */
function pick(
	rule: "name" | "link-name",
	offset: number,
	[pax, gnu, field]: [string | undefined, string | undefined, string],
): string {
	if (pax !== undefined && gnu !== undefined && pax !== gnu)
		fail("extension", offset, "a pax header and a GNU header give the entry different names");
	const name = pax ?? gnu ?? field;
	if (name === "") fail(rule, offset, rule === "name" ? "the entry has no name" : "the link has no target");
	if (name.includes("\0")) fail(rule, offset, "a name has a NUL in it");
	return name;
}

function typeOf({ typeflag, size, offset }: Header, name: string, pax: PaxFields | undefined): TarEntryType {
	const type = Object.hasOwn(TYPES, typeflag) ? TYPES[typeflag] : undefined;
	if (type === undefined)
		return fail("type", offset, `entries of type ${JSON.stringify(typeflag)} are no files`);
	// Directories of writers from before there was a type for them.
	if (type !== "file" || !name.endsWith("/")) return type;
	if (size !== 0 || (pax?.size ?? 0) !== 0) fail("type", offset, "a directory that has content");
	return "directory";
}

function timeOf({ mtime, offset }: Header, pax: PaxFields | undefined): bigint {
	const time = pax?.mtimeNs ?? (mtime === undefined ? undefined : mtime * NANOSECONDS);
	if (time === undefined) return fail("number", offset, "the field mtime is no number");
	if (time > MAX_TIME || time < -MAX_TIME) fail("mtime", offset, "the time is not within 2^63 seconds");
	return time;
}

function deviceOf(header: Header, type: TarEntryType, pax: PaxFields | undefined): DeviceNumber {
	if (type !== "character-device" && type !== "block-device") return NO_DEVICE;
	const { offset } = header;
	const major = pax?.major ?? number("device major", header.major, offset);
	const minor = pax?.minor ?? number("device minor", header.minor, offset);
	inRange("device", major, LIMITS.major, offset);
	inRange("device", minor, LIMITS.minor, offset);
	return { major, minor };
}

/**
 * Only files have content: a size elsewhere says nothing, as in Go, bsdtar and Python. Where it is the pax header that says
 * it, some of them and GNU tar pass over as many bytes.
 */
function storedSize(header: Header, type: TarEntryType, pax: PaxFields | undefined): number {
	if (type === "file" || header.typeflag === "D") return pax?.size ?? sizeOf(header);
	if (pax?.size !== undefined && pax.size !== 0)
		fail("extension", header.offset, "a pax header gives a size to what is no file");
	return 0;
}

function sparseOf(
	{ typeflag, format, realSize, offset }: Header,
	type: TarEntryType,
	pax: PaxFields | undefined,
): EntryDescription["sparse"] {
	const old = typeflag === "S";
	if (old && format !== "gnu") fail("type", offset, "an old GNU sparse file in a header that is not GNU's");
	if (old && pax?.sparse) fail("extension", offset, "a sparse file has two maps");
	if (old)
		return { size: inRange("size", number("size", realSize, offset), MAX_SIZE, offset), pax: undefined };
	if (!pax?.sparse) return undefined;
	if (type !== "file") fail("sparse-map", offset, "what is no file has a map of a sparse one");
	const { size } = pax.sparse;
	if (size === undefined) return fail("sparse-map", offset, "the sparse file has no size");
	return { size, pax: pax.sparse };
}

const MAX_SIZE = Number.MAX_SAFE_INTEGER;

function number(field: string, value: number, offset: number): number {
	if (Number.isNaN(value)) fail("number", offset, `the field ${field} is no number`);
	return value;
}

function inRange(rule: TarRule, value: number, most: number, offset: number): number {
	if (value < 0 || value > most) fail(rule, offset, `the ${rule} ${value} is not within 0 to ${most}`);
	return value;
}
