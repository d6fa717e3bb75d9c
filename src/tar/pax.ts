/**
 * Pax headers: records "LENGTH KEY=VALUE\n" that stand in for fields of the header they precede, or of all that
 * follow. Lengths decide, so a value may hold newlines and NULs. Whatever `hdrcharset` says, text stays bytes.
 */
import { bytesToName } from "../names.ts";
import { fail } from "./fault.ts";
import { parseDecimal, parseTime } from "./numbers.ts";
import { PaxSparse } from "./sparse.ts";
import { PaxXattrs } from "./xattrs.ts";

/** Records by key. Values are views of the header. */
export type PaxRecords = Map<string, Buffer>;

/** A pax header, as it stands. */
export interface PaxHeader {
	readonly records: PaxRecords;
	/** Offsets and lengths of sparse 0.0, which repeats its two keys, in their order. */
	readonly sparsePairs: number[];
	/** Where it is in the archive. */
	readonly offset: number;
}

/** What records say of an entry; undefined where they say nothing. */
export interface PaxFields {
	path: string | undefined;
	linkName: string | undefined;
	size: number | undefined;
	uid: number | undefined;
	gid: number | undefined;
	mtimeNs: bigint | undefined;
	major: number | undefined;
	minor: number | undefined;
	xattrs: Map<string, Uint8Array> | undefined;
	sparse: PaxSparse | undefined;
}

const NEWLINE = 0x0a;
const EQUALS = 0x3d;
const SPACE = 0x20;
/** Of a record's length: no header is that long. */
const MAX_DIGITS = 10;

/** Calls `each` for every record, in their order. `offset` is the one of the header, for errors. */
export function parseRecords(
	bytes: Buffer,
	offset: number,
	each: (key: string, value: Buffer) => void,
): void {
	for (let at = 0; at < bytes.length; ) {
		let length = 0;
		let digits = 0;
		for (; digits < MAX_DIGITS; digits++) {
			const digit = (bytes[at + digits] ?? 0) - 0x30;
			if (digit < 0 || digit > 9) break;
			length = length * 10 + digit;
		}
		const start = at + digits + 1;
		const end = at + length - 1;
		if (digits === 0 || bytes[start - 1] !== SPACE || end < start || bytes[end] !== NEWLINE)
			fail("pax-record", offset, `no pax record at byte ${at} of the header's ${bytes.length}`);
		const equals = bytes.indexOf(EQUALS, start);
		if (equals <= start || equals > end)
			fail("pax-record", offset, `the pax record at byte ${at} has no key`);
		const key = keyOf(bytes, start, equals);
		if (key.includes("\0")) fail("pax-record", offset, `the key of the pax record at byte ${at} has a NUL`);
		each(key, bytes.subarray(equals + 1, end));
		at = end + 1;
	}
}

const BEYOND_ASCII = /[\x80-\xff]/;

function keyOf(bytes: Buffer, start: number, end: number): string {
	const text = bytes.toString("latin1", start, end);
	return BEYOND_ASCII.test(text) ? bytesToName(bytes.subarray(start, end)) : text;
}

/** The records of a header that are of use here: all others need no memory. */
export function collectRecords(bytes: Buffer, offset: number): PaxHeader {
	const records: PaxRecords = new Map();
	const sparsePairs: number[] = [];
	parseRecords(bytes, offset, (key, value) => {
		if (key === "GNU.sparse.offset" || key === "GNU.sparse.numbytes") {
			if ((key === "GNU.sparse.offset") !== (sparsePairs.length % 2 === 0))
				fail("sparse-map", offset, "offsets and lengths of a sparse map do not alternate");
			sparsePairs.push(parseDecimal(value, key, offset));
		} else if (key in FIELDS || isXattr(key) || key.startsWith("GNU.sparse.")) {
			records.set(key, value);
		}
	});
	if (sparsePairs.length % 2 !== 0)
		fail("sparse-map", offset, "the last offset of a sparse map has no length");
	return { records, sparsePairs, offset };
}

function isXattr(key: string): boolean {
	return key.startsWith("SCHILY.xattr.") || key.startsWith("LIBARCHIVE.xattr.");
}

/** What a header says, where it is silent the global records. */
export function interpretPax({ records, sparsePairs, offset }: PaxHeader, global: PaxRecords): PaxFields {
	const fields: PaxFields = {
		path: undefined,
		linkName: undefined,
		size: undefined,
		uid: undefined,
		gid: undefined,
		mtimeNs: undefined,
		major: undefined,
		minor: undefined,
		xattrs: undefined,
		sparse: undefined,
	};
	const xattrs = new PaxXattrs(offset);
	const sparse = new PaxSparse(sparsePairs, offset);
	const all = global.size === 0 ? records : new Map([...global, ...records]);
	for (const [key, value] of all) {
		if (isXattr(key)) xattrs.add(key, value);
		else if (key.startsWith("GNU.sparse.")) sparse.add(key, value);
		// An empty value takes back what other headers say.
		else if (value.length > 0) FIELDS[key]?.(fields, value, offset);
	}
	fields.xattrs = xattrs.result();
	fields.sparse = sparse.isThere() ? sparse : undefined;
	return fields;
}

type Setter = (fields: PaxFields, value: Buffer, offset: number) => void;

const FIELDS: Readonly<Record<string, Setter>> = Object.assign(Object.create(null), {
	path: (fields, value) => {
		fields.path = bytesToName(value);
	},
	linkpath: (fields, value) => {
		fields.linkName = bytesToName(value);
	},
	size: (fields, value, offset) => {
		fields.size = parseDecimal(value, "size", offset);
	},
	uid: (fields, value, offset) => {
		fields.uid = parseDecimal(value, "uid", offset);
	},
	gid: (fields, value, offset) => {
		fields.gid = parseDecimal(value, "gid", offset);
	},
	mtime: (fields, value, offset) => {
		fields.mtimeNs = parseTime(value, offset);
	},
	"SCHILY.devmajor": (fields, value, offset) => {
		fields.major = parseDecimal(value, "SCHILY.devmajor", offset);
	},
	"SCHILY.devminor": (fields, value, offset) => {
		fields.minor = parseDecimal(value, "SCHILY.devminor", offset);
	},
} satisfies Record<string, Setter>);
