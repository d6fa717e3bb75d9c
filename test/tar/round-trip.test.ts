import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { bytesToName } from "../../src/names.ts";
import type { TarEntryType } from "../../src/tar/entry.ts";
import { inChunks, readArchive } from "../support/read-archive.ts";
import { archive, gnuLong, header, type PaxRecord, padded, pax } from "../support/tar-writer.ts";

interface Written {
	readonly name: string;
	readonly type: TarEntryType;
	readonly mode: number;
	readonly uid: number;
	readonly gid: number;
	readonly mtimeNs: bigint;
	readonly linkName: string;
	readonly rdev: { major: number; minor: number };
	readonly xattrs: Map<string, Uint8Array> | undefined;
	readonly bytes: Buffer;
}

const FLAGS: Readonly<Record<TarEntryType, string>> = {
	file: "0",
	hardlink: "1",
	symlink: "2",
	"character-device": "3",
	"block-device": "4",
	directory: "5",
	fifo: "6",
};

/** Bytes of any kind but NUL; a slash at the end would make a file a directory. */
const name = fc
	.uint8Array({ min: 1, minLength: 1, maxLength: 300 })
	.filter((bytes) => bytes.at(-1) !== 0x2f)
	.map(bytesToName);
const xattrName = fc
	.uint8Array({ min: 1, minLength: 1, maxLength: 40 })
	.map((bytes) => `user.${bytesToName(bytes)}`);
const id = fc.nat(2 ** 32 - 1);

const written = fc
	.record({
		name,
		type: fc.constantFrom(...(Object.keys(FLAGS) as TarEntryType[])),
		mode: fc.nat(0o7777),
		uid: id,
		gid: id,
		mtimeNs: fc.bigInt({ min: -(2n ** 70n), max: 2n ** 70n }),
		linkName: name,
		rdev: fc.record({ major: fc.nat(4095), minor: fc.nat(2 ** 20 - 1) }),
		xattrs: fc.option(fc.array(fc.tuple(xattrName, fc.uint8Array({ maxLength: 100 })), { minLength: 1 }), {
			nil: undefined,
		}),
		bytes: fc.uint8Array({ maxLength: 1500 }),
	})
	.map((fields): Written => {
		const { type, bytes, linkName, rdev, xattrs, ...rest } = fields;
		return {
			...rest,
			type,
			linkName: type.endsWith("link") ? linkName : "",
			rdev: type.endsWith("device") ? rdev : { major: 0, minor: 0 },
			xattrs: xattrs && new Map(xattrs),
			bytes: Buffer.from(type === "file" ? bytes : []),
		};
	});

/** Everything in pax records: nothing is too long or too large for these. */
function writePax({ name, type, mode, uid, gid, mtimeNs, linkName, rdev, xattrs, bytes }: Written): Buffer {
	const sign = mtimeNs < 0n ? "-" : "";
	const size = mtimeNs < 0n ? -mtimeNs : mtimeNs;
	const records: PaxRecord[] = [
		["path", name],
		["uid", String(uid)],
		["gid", String(gid)],
		["mtime", `${sign}${size / 1_000_000_000n}.${String(size % 1_000_000_000n).padStart(9, "0")}`],
	];
	if (linkName !== "") records.push(["linkpath", linkName]);
	for (const [key, value] of xattrs ?? [])
		records.push([`SCHILY.xattr.${key.replaceAll("%", "%25").replaceAll("=", "%3D")}`, value]);
	const fields = { mode, typeflag: FLAGS[type], size: bytes.length, ...rdev };
	return Buffer.concat([pax(records), header({ ...fields, linkName: "x" }), padded(bytes)]);
}

/** Names in headers of their own, numbers in base-256. Whole seconds, no xattrs. */
function writeGnu({ name, type, mode, uid, gid, mtimeNs, linkName, rdev, bytes }: Written): Buffer {
	const fields = { mode, uid, gid, mtime: mtimeNs / 1_000_000_000n, typeflag: FLAGS[type], ...rdev };
	return Buffer.concat([
		gnuLong("L", name),
		...(linkName === "" ? [] : [gnuLong("K", linkName)]),
		header({ ...fields, size: bytes.length, format: "gnu" }),
		padded(bytes),
	]);
}

const fieldsOf = ({ name, type, mode, uid, gid, mtimeNs, linkName, rdev, xattrs, bytes }: Written) => [
	...[name, type, mode, uid, gid, mtimeNs, linkName, rdev.major, rdev.minor, bytes.toString("latin1")],
	...[...(xattrs ?? [])].map(([key, value]) => [key, Buffer.from(value).toString("latin1")]),
];

describe("any entries come out as they went in", () => {
	const entries = fc.array(written, { maxLength: 8 });

	test("of pax", async () => {
		await fc.assert(
			fc.asyncProperty(entries, fc.integer({ min: 1, max: 5000 }), async (entries, size) => {
				const found = await readArchive(inChunks(archive(...entries.map(writePax)), size));
				expect(found.map(fieldsOf)).toEqual(entries.map(fieldsOf));
			}),
		);
	});

	test("of GNU", async () => {
		await fc.assert(
			fc.asyncProperty(entries, fc.integer({ min: 1, max: 5000 }), async (entries, size) => {
				const plain = entries.map((entry) => ({
					...entry,
					xattrs: undefined,
					mtimeNs: (entry.mtimeNs / 1_000_000_000n) * 1_000_000_000n,
				}));
				const found = await readArchive(inChunks(archive(...plain.map(writeGnu)), size));
				expect(found.map(fieldsOf)).toEqual(plain.map(fieldsOf));
			}),
		);
	});
});
