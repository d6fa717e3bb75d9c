import { describe, expect, test } from "@jest/globals";
import { bytesToName } from "../../src/names.ts";
import { type ReadEntry, readArchive } from "../support/read-archive.ts";
import {
	archive,
	gnuLong,
	type HeaderFields,
	header,
	type PaxRecord,
	padded,
	pax,
} from "../support/tar-writer.ts";

const failure = (rule: string, offset: number) => ({
	name: "ComposefsError",
	code: "ERR_COMPOSEFS_TAR",
	rule,
	offset,
	message: expect.stringMatching(new RegExp(`^offset ${offset}: .* \\(rule ${rule}\\)$`)),
});

const only = async (...parts: Uint8Array[]): Promise<ReadEntry> => {
	const entries = await readArchive(archive(...parts));
	expect(entries).toHaveLength(1);
	return entries[0] as ReadEntry;
};

describe("entries", () => {
	test("have the fields of their header, and their content", async () => {
		const fields = { name: "etc/motd", mode: 0o100640, uid: 7, gid: 8, mtime: 9, size: 5 };
		await expect(readArchive(archive(header(fields), padded("hello")))).resolves.toEqual([
			{
				name: "etc/motd",
				type: "file",
				mode: 0o640,
				uid: 7,
				gid: 8,
				mtimeNs: 9_000_000_000n,
				size: 5,
				linkName: "",
				rdev: { major: 0, minor: 0 },
				xattrs: undefined,
				offset: 0,
				isSparse: false,
				bytes: Buffer.from("hello"),
				holes: 0,
			},
		]);
	});

	test.each([
		["0", "file"],
		["\0", "file"],
		["7", "file"],
		["1", "hardlink"],
		["2", "symlink"],
		["3", "character-device"],
		["4", "block-device"],
		["5", "directory"],
		["6", "fifo"],
	])("of type %j are a %s", async (typeflag, type) => {
		const fields = { typeflag, linkName: "target", major: 4095, minor: 1048575 };
		const device = type.endsWith("device");
		await expect(only(header(fields))).resolves.toMatchObject({
			type,
			linkName: type.endsWith("link") ? "target" : "",
			rdev: device ? { major: 4095, minor: 1048575 } : { major: 0, minor: 0 },
		});
	});

	test("of GNU's incremental archives: a directory, without its list of files", async () => {
		const list = header({ name: "d/", typeflag: "D", format: "gnu", size: 600 });
		const entries = await readArchive(archive(list, Buffer.alloc(1024, "Yx\0"), header({ name: "next" })));
		expect(entries.map(({ name, type, size }) => [name, type, size])).toEqual([
			["d/", "directory", 0],
			["next", "file", 0],
		]);
	});

	test("of old writers: a directory has a slash", async () => {
		await expect(only(header({ name: "d/", typeflag: "\0", format: "v7" }))).resolves.toMatchObject({
			name: "d/",
			type: "directory",
		});
	});

	test("that are no files have no content, whatever their size", async () => {
		for (const typeflag of ["1", "2", "3", "4", "5", "6"])
			await expect(only(header({ typeflag, linkName: "x", size: 99999 }))).resolves.toMatchObject({
				size: 0,
			});
	});

	test("the name of a volume is no entry", async () => {
		await expect(
			only(header({ typeflag: "V", size: 600 }), padded("x".repeat(600)), header()),
		).resolves.toMatchObject({ name: "file", offset: 1536 });
	});
});

describe("names", () => {
	const latin1 = bytesToName(Buffer.from("caf\xe9", "latin1"));

	test("of ustar have a prefix, those of star a shorter one", async () => {
		const long = { name: "b", prefix: "a/".repeat(77) };
		await expect(only(header(long))).resolves.toMatchObject({ name: `${long.prefix}/b` });
		const times = [476, Buffer.from("00000000001 00000000002 ")] as const;
		const star = header({ name: "b", prefix: "a", format: "star", patches: [times] });
		await expect(only(star)).resolves.toMatchObject({ name: "a/b" });
	});

	test("of GNU have none: times are there", async () => {
		await expect(only(header({ name: "b", prefix: "01234567", format: "gnu" }))).resolves.toMatchObject({
			name: "b",
		});
	});

	test("fill their field", async () => {
		const name = "n".repeat(100);
		await expect(only(header({ name, typeflag: "2", linkName: name }))).resolves.toMatchObject({
			name,
			linkName: name,
		});
	});

	test("keep their bytes in each place that they can have", async () => {
		const target = `${latin1}-target`;
		const link = { typeflag: "2", linkName: "short" };
		const expected = { name: latin1, linkName: target };
		await expect(only(header({ ...link, name: latin1, linkName: target }))).resolves.toMatchObject(expected);
		await expect(
			only(gnuLong("L", latin1), gnuLong("K", target), header({ ...link, format: "gnu" })),
		).resolves.toMatchObject(expected);
		const records: PaxRecord[] = [
			["path", latin1],
			["linkpath", target],
		];
		await expect(only(pax(records), header(link))).resolves.toMatchObject(expected);
		await expect(only(pax([["hdrcharset", "BINARY"], ...records]), header(link))).resolves.toMatchObject(
			expected,
		);
	});

	test("with newlines in pax records, and whatever else a name may have", async () => {
		const name = "a\nb\n12 path=x\n=";
		await expect(only(pax([["path", name]]), header())).resolves.toMatchObject({ name });
	});

	test("of pax stand in for those of GNU, if they are the same", async () => {
		await expect(only(gnuLong("L", "same"), pax([["path", "same"]]), header())).resolves.toMatchObject({
			name: "same",
		});
		await expect(
			readArchive(archive(gnuLong("L", "one"), pax([["path", "two"]]), header())),
		).rejects.toMatchObject(failure("extension", 2048));
	});
});

describe("numbers", () => {
	test("in base-256, also below zero", async () => {
		const fields = { uid: 3_000_000_000, gid: 2 ** 32 - 1, mtime: -315_619_200, format: "gnu" } as const;
		await expect(only(header(fields))).resolves.toMatchObject({
			uid: 3_000_000_000,
			gid: 4_294_967_295,
			mtimeNs: -315_619_200_000_000_000n,
		});
	});

	test("in pax records, times with nanoseconds and before 1970", async () => {
		const records: PaxRecord[] = [
			["uid", "3000000000"],
			["gid", "2147483648"],
			["mtime", "-315619199.876543211"],
		];
		await expect(only(pax(records), header())).resolves.toMatchObject({
			uid: 3_000_000_000,
			gid: 2_147_483_648,
			mtimeNs: -315_619_199_876_543_211n,
		});
	});

	test("of devices too large for their field, as star and bsdtar write them", async () => {
		const records: PaxRecord[] = [
			["SCHILY.devmajor", "259"],
			["SCHILY.devminor", "1048575"],
		];
		await expect(only(pax(records), header({ typeflag: "4" }))).resolves.toMatchObject({
			rdev: { major: 259, minor: 1048575 },
		});
	});

	test("a size in a pax record says how much is stored", async () => {
		await expect(only(pax([["size", "5"]]), header({ size: 0 }), padded("hello"))).resolves.toMatchObject({
			bytes: Buffer.from("hello"),
		});
	});

	test("a field that a record stands in for may be anything", async () => {
		const fields: HeaderFields = { uid: Buffer.from("nonsense"), mtime: Buffer.from("too long ago") };
		await expect(
			only(
				pax([
					["uid", "1"],
					["mtime", "2"],
				]),
				header(fields),
			),
		).resolves.toMatchObject({ uid: 1, mtimeNs: 2_000_000_000n });
	});
});

describe("global pax headers", () => {
	test("hold for all that follow, until others take them back", async () => {
		const entries = await readArchive(
			archive(
				pax([["comment", "0123456789"]], "g"),
				pax([["mtime", "1.5"]], "g"),
				header({ name: "a" }),
				pax([["mtime", "2.5"]]),
				header({ name: "b" }),
				pax([["mtime", ""]]),
				header({ name: "c", mtime: 7 }),
				header({ name: "d" }),
				pax([["mtime", ""]], "g"),
				header({ name: "e", mtime: 8 }),
			),
		);
		expect(entries.map(({ mtimeNs }) => Number(mtimeNs) / 1e9)).toEqual([1.5, 2.5, 7, 1.5, 8]);
	});

	test("together have a limit, for every entry is read with all of them", async () => {
		const parts = Array.from({ length: 12 }, (_, i) =>
			pax([[`SCHILY.xattr.user.${i}`, Buffer.alloc(100)]], "g"),
		);
		await expect(readArchive(archive(...parts), { limits: { globalSize: 1000 } })).rejects.toMatchObject({
			rule: "pax-size",
			limit: 1000,
		});
	});
});
