import { describe, expect, test } from "@jest/globals";
import { readTar } from "../../src/tar/read.ts";
import { inChunks, readArchive } from "../support/read-archive.ts";
import { archive, END, gnuLong, header, padded, pax } from "../support/tar-writer.ts";

const failure = (rule: string, offset: number) => ({
	name: "ComposefsError",
	code: "ERR_COMPOSEFS_TAR",
	rule,
	offset,
	message: expect.stringMatching(new RegExp(`^offset ${offset}: .* \\(rule ${rule}\\)$`)),
});

test("what is wrong with an archive counts more than a source that then fails", async () => {
	const source = async function* () {
		try {
			yield Buffer.alloc(512, "x");
			yield END;
		} finally {
			await Promise.reject(new Error("late"));
		}
	};
	await expect(readArchive(source())).rejects.toMatchObject(failure("checksum", 0));
});

describe("the end", () => {
	test("of no entries", async () => {
		await expect(readArchive(END)).resolves.toEqual([]);
	});

	test("may be followed by zeros, to whatever length", async () => {
		await expect(readArchive(Buffer.alloc(10240 + 7))).resolves.toEqual([]);
	});

	test("is followed by nothing else", async () => {
		const bytes = Buffer.concat([archive(header()), Buffer.from("more")]);
		await expect(readArchive(bytes)).rejects.toMatchObject(failure("trailing", 1536));
		await expect(readArchive(bytes, { end: "any" })).resolves.toHaveLength(1);
	});

	test.each([0, 512])("is not %d bytes of zeros", async (length) => {
		const bytes = Buffer.concat([header(), Buffer.alloc(length)]);
		await expect(readArchive(bytes)).rejects.toMatchObject(failure("truncated", 512));
		await expect(readArchive(bytes, { end: "any" })).resolves.toHaveLength(1);
	});

	test("is not within what an entry begins with", async () => {
		for (const end of ["strict", "any"] as const)
			await expect(readArchive(pax([["uid", "1"]]), { end })).rejects.toMatchObject(
				failure("truncated", 1024),
			);
	});

	test("is not one block of zeros before a header", async () => {
		const bytes = archive(Buffer.alloc(512), header());
		for (const end of ["strict", "any"] as const)
			await expect(readArchive(bytes, { end })).rejects.toMatchObject(failure("end", 0));
	});

	test("is read to the source's end, for who checks its digest", async () => {
		let given = 0;
		const source = function* () {
			for (const chunk of inChunks(Buffer.alloc(20480), 512)) {
				yield chunk;
				given += chunk.length;
			}
		};
		await readArchive(source());
		expect(given).toBe(20480);
	});

	test("within an entry's other headers", async () => {
		await expect(readArchive(archive(pax([["path", "x"]])))).rejects.toMatchObject(
			failure("extension", 1024),
		);
	});
});

test("a pax size of what is no file may be 0, as node-tar writes it", async () => {
	const parts = [pax([["size", "0"]]), header({ typeflag: "5", name: "d" }), header({ name: "f" })];
	const names = (await readArchive(archive(...parts))).map(({ name }) => name);
	expect(names).toEqual(["d", "f"]);
});

test("a global pax header, where the caller has it so, unless it says nothing of files", async () => {
	const silent = archive(pax([["comment", "of git archive"]], "g"), header());
	await expect(readArchive(silent, { global: "refuse" })).resolves.toHaveLength(1);
	for (const key of ["path", "uid", "size", "SCHILY.xattr.user.x", "GNU.sparse.offset"])
		await expect(
			readArchive(archive(pax([[key, "1"]], "g"), header()), { global: "refuse" }),
		).rejects.toMatchObject({ code: "ERR_COMPOSEFS_TAR" });
	await expect(
		readArchive(archive(pax([["uid", "1"]], "g"), header()), { global: "refuse" }),
	).rejects.toMatchObject(failure("extension", 0));
});

describe("refused", () => {
	test.each<[string, string, number, Uint8Array[]]>([
		["a header whose sum is wrong", "checksum", 0, [header({ checksum: "wrong" })]],
		["bytes that are no header", "checksum", 0, [Buffer.alloc(512, "text\n")]],
		["a number that is none", "number", 0, [header({ uid: Buffer.from("0000009\0") })]],
		["a mode that is none", "number", 0, [header({ mode: Buffer.from("rw-r--r-") })]],
		["a time that is none", "number", 0, [header({ mtime: Buffer.from("x") })]],
		["a size that is none", "number", 0, [header({ size: Buffer.from("12x") })]],
		["a size below zero", "size", 0, [header({ size: -1 })]],
		["a size beyond 2^53", "size", 0, [header({ size: Buffer.alloc(12, 0x8f) })]],
		["an owner below zero", "owner", 0, [header({ uid: -2 })]],
		["an owner beyond 2^32", "owner", 512, [header(), header({ gid: 2 ** 32 })]],
		["a device that no kernel has", "device", 0, [header({ typeflag: "3", major: 4096 })]],
		["a type that is none", "type", 0, [header({ typeflag: "Z" })]],
		["a volume that goes on elsewhere", "type", 0, [header({ typeflag: "M" })]],
		["a directory with content", "type", 0, [header({ name: "d/", size: 1 })]],
		[
			"bug: a directory by its name, whose content by the pax header was read as headers",
			"type",
			1024,
			[pax([["size", "512"]]), header({ name: "d/" }), header({ name: "smuggled" })],
		],
		[
			"what is no file, to which the pax header gives a size",
			"extension",
			1024,
			[pax([["size", "512"]]), header({ typeflag: "1", linkName: "f" }), header({ name: "smuggled" })],
		],
		[
			"what is no file, to which both headers give a size",
			"extension",
			1024,
			[pax([["size", "512"]]), header({ typeflag: "6", size: 512 }), header({ name: "smuggled" })],
		],
		["an entry without a name", "name", 0, [header({ name: "" })]],
		["a link without a target", "link-name", 0, [header({ typeflag: "2" })]],
		["a NUL in a name", "name", 1024, [pax([["path", "a\0b"]]), header()]],
		["two names", "extension", 1024, [gnuLong("L", "a"), gnuLong("L", "a"), header()]],
		["two pax headers", "extension", 1024, [pax([["uid", "1"]]), pax([["gid", "1"]]), header()]],
		[
			"a global header between an entry's",
			"extension",
			1024,
			[pax([["uid", "1"]]), pax([["gid", "1"]], "g")],
		],
		["a global header of a sparse file", "sparse-map", 0, [pax([["GNU.sparse.major", "1"]], "g"), header()]],
		["a volume between an entry's", "extension", 1024, [pax([["uid", "1"]]), header({ typeflag: "V" })]],
		["a uid that is no number", "pax-value", 0, [pax([["uid", "1e3"]]), header()]],
		["a size beyond 2^53 in pax", "pax-value", 0, [pax([["size", "9".repeat(20)]]), header()]],
		["a time that is no number", "pax-value", 0, [pax([["mtime", "now"]]), header()]],
		["a time beyond 2^63 seconds", "mtime", 1024, [pax([["mtime", "9".repeat(19)]]), header()]],
		["a time so long ago", "mtime", 1024, [pax([["mtime", `-${"9".repeat(19)}`]]), header()]],
	])("%s", async (_title, rule, offset, parts) => {
		await expect(readArchive(archive(...parts))).rejects.toMatchObject(failure(rule, offset));
	});

	test("a pax header of a gigabyte, before a byte of it is read", async () => {
		const declared = header({ typeflag: "x", size: 2 ** 30 });
		const endless = function* () {
			yield declared;
			for (;;) yield Buffer.alloc(65536, "x");
		};
		await expect(readArchive(endless())).rejects.toMatchObject({
			...failure("pax-size", 0),
			limit: 2 ** 20,
			actual: 2 ** 30,
		});
	});

	test("a pax record that says it is a gigabyte", async () => {
		const body = Buffer.from("1073741824 path=x\n");
		const parts = [header({ typeflag: "x", size: body.length }), padded(body), header()];
		await expect(readArchive(archive(...parts))).rejects.toMatchObject(failure("pax-record", 0));
	});

	test("a name longer than its limit", async () => {
		await expect(readArchive(archive(gnuLong("L", "n".repeat(70_000)), header()))).rejects.toMatchObject({
			...failure("name-size", 0),
			limit: 65536,
			actual: 70_001,
		});
	});

	test("more entries than the limit", async () => {
		const bytes = archive(header(), header(), header());
		await expect(readArchive(bytes, { limits: { entries: 3 } })).resolves.toHaveLength(3);
		await expect(readArchive(bytes, { limits: { entries: 2 } })).rejects.toMatchObject(
			failure("entries", 1024),
		);
	});

	test("a source that is none, and chunks that are none", async () => {
		for (const source of [null, 5, "text", [1, 2], Buffer.from("bytes")])
			await expect(readArchive(readTar(source as never) as never)).rejects.toMatchObject({
				code: "ERR_COMPOSEFS_ARGUMENT",
				rule: "source",
			});
	});
});
