/** Archives for tests of layers: ustar, with pax headers for what that cannot say. */
import { nameToBytes } from "../../src/names.ts";

export interface PlainEntry {
	readonly name: string;
	/** Default: by what else there is */
	readonly type?: keyof typeof TYPES;
	readonly content?: string | Uint8Array;
	readonly linkName?: string;
	readonly mode?: number;
	readonly uid?: number;
	readonly gid?: number;
	readonly mtimeNs?: bigint;
	readonly rdev?: readonly [major: number, minor: number];
	readonly xattrs?: Readonly<Record<string, string | Uint8Array>>;
}

const TYPES = { file: "0", hardlink: "1", symlink: "2", char: "3", block: "4", directory: "5", fifo: "6" };
const SECOND = 1_000_000_000n;

/** An archive of entries; a string is an empty file, or with a slash at its end a directory. */
export function plainTar(...entries: (PlainEntry | string)[]): Buffer {
	const parts = entries
		.map((entry) => (typeof entry === "string" ? { name: entry } : entry))
		.flatMap(entryBlocks);
	return Buffer.concat([...parts, Buffer.alloc(1024)]);
}

function entryBlocks(entry: PlainEntry): Buffer[] {
	const { name, content = "", mtimeNs = 0n, xattrs = {} } = entry;
	const type =
		entry.type ?? (name.endsWith("/") ? "directory" : entry.linkName === undefined ? "file" : "symlink");
	const bytes = typeof content === "string" ? Buffer.from(content) : Buffer.from(content);
	const records: Buffer[] = [];
	if (nameToBytes(name).length > 100) records.push(record("path", name));
	if (mtimeNs % SECOND !== 0n || mtimeNs < 0n) records.push(record("mtime", decimal(mtimeNs)));
	for (const [key, value] of Object.entries(xattrs)) records.push(record(`SCHILY.xattr.${key}`, value));
	const own = [header({ ...entry, type, size: bytes.length }), padded(bytes)];
	if (records.length === 0) return own;
	const extension = Buffer.concat(records);
	const pax = header({ name: "pax", typeflag: "x", size: extension.length });
	return [pax, padded(extension), ...own];
}

function header(fields: Omit<PlainEntry, "content"> & { size: number; typeflag?: string }): Buffer {
	const {
		name,
		type = "file",
		mode,
		uid = 0,
		gid = 0,
		size,
		mtimeNs = 0n,
		linkName = "",
		rdev = [0, 0],
	} = fields;
	const block = Buffer.alloc(512);
	const put = (at: number, bytes: string | Uint8Array) =>
		block.set(typeof bytes === "string" ? Buffer.from(bytes) : bytes, at);
	const octal = (at: number, length: number, value: number) =>
		put(at, value.toString(8).padStart(length - 1, "0"));
	put(0, nameToBytes(name).subarray(0, 100));
	octal(100, 8, mode ?? (type === "directory" ? 0o755 : 0o644));
	octal(108, 8, uid);
	octal(116, 8, gid);
	octal(124, 12, size);
	octal(136, 12, Number(mtimeNs < 0n ? 0n : mtimeNs / SECOND));
	put(156, fields.typeflag ?? TYPES[type]);
	put(157, nameToBytes(linkName).subarray(0, 100));
	put(257, "ustar\x0000");
	octal(329, 8, rdev[0]);
	octal(337, 8, rdev[1]);
	put(148, "        ");
	put(
		148,
		`${block
			.reduce((sum, byte) => sum + byte, 0)
			.toString(8)
			.padStart(6, "0")}\0 `,
	);
	return block;
}

function padded(bytes: Uint8Array): Buffer {
	return Buffer.concat([bytes, Buffer.alloc(-bytes.length & 511)]);
}

function record(key: string, value: string | Uint8Array): Buffer {
	const rest = Buffer.concat([
		Buffer.from(` ${key}=`),
		typeof value === "string" ? nameToBytes(value) : value,
		Buffer.from("\n"),
	]);
	let length = rest.length;
	while (`${length}`.length + rest.length !== length) length = `${length}`.length + rest.length;
	return Buffer.concat([Buffer.from(`${length}`), rest]);
}

function decimal(ns: bigint): string {
	const size = ns < 0n ? -ns : ns;
	return `${ns < 0n ? "-" : ""}${size / SECOND}.${(size % SECOND).toString().padStart(9, "0")}`;
}
