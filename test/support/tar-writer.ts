/** Archives for tests, in every way to write them; what no writer would write, too. */
import { nameToBytes } from "../../src/names.ts";

/** The fields of a header, as they stand in it. What is left out is as GNU tar writes it for a file of root's. */
export interface HeaderFields {
	readonly name?: string | Uint8Array;
	readonly mode?: number | Uint8Array;
	readonly uid?: number | Uint8Array;
	readonly gid?: number | Uint8Array;
	readonly size?: number | Uint8Array;
	readonly mtime?: number | bigint | Uint8Array;
	readonly typeflag?: string;
	readonly linkName?: string | Uint8Array;
	readonly format?: "v7" | "ustar" | "gnu" | "star";
	readonly major?: number | Uint8Array;
	readonly minor?: number | Uint8Array;
	readonly prefix?: string | Uint8Array;
	/** Bytes at places of their own, before the sum is made. */
	readonly patches?: readonly (readonly [at: number, bytes: Uint8Array])[];
	readonly checksum?: "unsigned" | "signed" | "wrong";
}

const MAGIC = { v7: "\0".repeat(8), ustar: "ustar\x0000", star: "ustar\x0000", gnu: "ustar  \0" };

export function header(fields: HeaderFields = {}): Buffer {
	const { format = "ustar", typeflag = "0", patches = [], checksum = "unsigned" } = fields;
	const block = Buffer.alloc(512);
	put(block, 0, fields.name ?? "file");
	put(block, 100, field(fields.mode ?? 0o644, 8));
	put(block, 108, field(fields.uid ?? 0, 8));
	put(block, 116, field(fields.gid ?? 0, 8));
	put(block, 124, field(fields.size ?? 0, 12));
	put(block, 136, field(fields.mtime ?? 0, 12));
	put(block, 156, typeflag);
	put(block, 157, fields.linkName ?? "");
	put(block, 257, MAGIC[format]);
	if (format !== "v7") {
		put(block, 329, field(fields.major ?? 0, 8));
		put(block, 337, field(fields.minor ?? 0, 8));
		put(block, 345, fields.prefix ?? "");
	}
	if (format === "star") put(block, 508, "tar\0");
	for (const [at, bytes] of patches) put(block, at, bytes);
	return seal(block, checksum);
}

/** Puts the sum into a header. */
export function seal(block: Buffer, kind: "unsigned" | "signed" | "wrong" = "unsigned"): Buffer {
	block.fill(" ", 148, 156);
	const values = kind === "signed" ? Array.from(new Int8Array(block)) : Array.from(block);
	const sum = values.reduce((total, byte) => total + byte, 0) + (kind === "wrong" ? 1 : 0);
	put(block, 148, `${sum.toString(8).padStart(6, "0")}\0 `);
	return block;
}

function put(block: Buffer, at: number, value: string | Uint8Array): void {
	block.set(typeof value === "string" ? nameToBytes(value) : value, at);
}

/** Octal where it fits, else base-256. */
function field(value: number | bigint | Uint8Array, length: number): Uint8Array {
	if (value instanceof Uint8Array) return value;
	const number = BigInt(value);
	if (number >= 0n && number < 8n ** BigInt(length - 1))
		return Buffer.from(`${number.toString(8).padStart(length - 1, "0")}\0`);
	return base256(number, length);
}

/** GNU's base-256: two's complement, with the first bit set. */
export function base256(value: bigint, length: number): Buffer {
	const bytes = Buffer.alloc(length);
	let rest = BigInt.asUintN(length * 8, value);
	for (let at = length - 1; at >= 0; at--, rest >>= 8n) bytes[at] = Number(rest & 0xffn);
	bytes[0] = (bytes[0] as number) | 0x80;
	return bytes;
}

/** Content in whole blocks. */
export function padded(content: string | Uint8Array): Buffer {
	const bytes = typeof content === "string" ? Buffer.from(nameToBytes(content)) : Buffer.from(content);
	return Buffer.concat([bytes, Buffer.alloc((512 - (bytes.length % 512)) % 512)]);
}

export const END: Buffer = Buffer.alloc(1024);

/** An archive of these parts. */
export function archive(...parts: readonly Uint8Array[]): Buffer {
	return Buffer.concat([...parts, END]);
}

export type PaxRecord = readonly [key: string, value: string | Uint8Array];

/** "LENGTH KEY=VALUE\n", whose length counts itself. */
export function paxRecord([key, value]: PaxRecord): Buffer {
	const bytes = typeof value === "string" ? nameToBytes(value) : value;
	const rest = Buffer.concat([
		Buffer.from(" "),
		nameToBytes(key),
		Buffer.from("="),
		bytes,
		Buffer.from("\n"),
	]);
	let length = rest.length + 1;
	while (String(length).length + rest.length !== length) length = String(length).length + rest.length;
	return Buffer.concat([Buffer.from(String(length)), rest]);
}

/** A pax header, for the next entry ("x") or all that follow ("g"). */
export function pax(records: readonly PaxRecord[], typeflag = "x"): Buffer {
	const body = Buffer.concat(records.map(paxRecord));
	return Buffer.concat([header({ name: "./PaxHeaders/file", typeflag, size: body.length }), padded(body)]);
}

/** A GNU header for a long name ("L") or target ("K"). */
export function gnuLong(typeflag: "L" | "K", name: string): Buffer {
	const body = Buffer.concat([nameToBytes(name), Buffer.alloc(1)]);
	const fields = { name: "././@LongLink", format: "gnu", typeflag, size: body.length } as const;
	return Buffer.concat([header(fields), padded(body)]);
}

/** A map of a sparse file: offset, length, offset, length … */
export type SparseMap = readonly number[];

/** An old GNU header of a sparse file, and the blocks that its map goes on in. */
export function gnuSparse(fields: HeaderFields, map: SparseMap, realSize: number): Buffer {
	const stored = map.reduce((sum, value, index) => sum + (index % 2 ? value : 0), 0);
	const pairs = Buffer.concat(map.map((value) => field(value, 12)));
	const patches = [
		[386, pairs.subarray(0, 96)],
		[482, Buffer.from([pairs.length > 96 ? 1 : 0])],
		[483, field(realSize, 12)],
	] as const;
	const blocks = [header({ size: stored, ...fields, format: "gnu", typeflag: "S", patches })];
	for (let at = 96; at < pairs.length; at += 504) {
		const block = Buffer.alloc(512);
		block.set(pairs.subarray(at, at + 504));
		block[504] = at + 504 < pairs.length ? 1 : 0;
		blocks.push(block);
	}
	return Buffer.concat(blocks);
}

/** A sparse file in one of the forms of pax, with its data. */
export function paxSparse(
	version: "0.0" | "0.1" | "1.0",
	{ name, size, map, data }: { name: string; size: number; map: SparseMap; data: Uint8Array },
): Buffer {
	const count = String(map.length / 2);
	if (version === "1.0") {
		const body = Buffer.concat([padded([count, ...map.map(String), ""].join("\n")), data]);
		const records: PaxRecord[] = [
			["GNU.sparse.major", "1"],
			["GNU.sparse.minor", "0"],
			["GNU.sparse.name", name],
			["GNU.sparse.realsize", String(size)],
		];
		return Buffer.concat([
			pax(records),
			header({ name: "GNUSparseFile.0/file", size: body.length }),
			padded(body),
		]);
	}
	const both: PaxRecord[] = [
		["GNU.sparse.size", String(size)],
		["GNU.sparse.numblocks", count],
	];
	const pairs = map.map(
		(value, index): PaxRecord => [index % 2 ? "GNU.sparse.numbytes" : "GNU.sparse.offset", String(value)],
	);
	const records: PaxRecord[] =
		version === "0.0"
			? [...both, ["path", name], ...pairs]
			: [...both, ["GNU.sparse.name", name], ["GNU.sparse.map", map.join(",")]];
	return Buffer.concat([pax(records), header({ size: data.length }), padded(data)]);
}
