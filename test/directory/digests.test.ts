import { rmSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { describe, expect, test } from "@jest/globals";
import { digestFiles } from "../../src/directory/digests.ts";
import { checkOptions } from "../../src/directory/options.ts";
import { scanDirectories } from "../../src/directory/scan.ts";
import type { FoundFile } from "../../src/found-files.ts";
import { bytesToName } from "../../src/names.ts";
import { inFolder } from "../support/folder.ts";
import { referenceDigest } from "../support/reference-verity.ts";
import { useTemporaryFolder } from "../support/temporary.ts";

const at = useTemporaryFolder();
const signal = new AbortController().signal;

/** The files of the folder, in the order of their names. */
async function find(): Promise<FoundFile[]> {
	const [records] = await scanDirectories(
		[{ path: at(), record: undefined }],
		1000,
		checkOptions({}),
		signal,
	);
	if (records === undefined || records instanceof Error) throw records;
	const files = [...records]
		.slice(1)
		.map(({ name, size, packedIdentity }) => ({ path: at(name), size, packedIdentity }));
	return files.sort((a, b) => (a.path < b.path ? -1 : 1));
}

describe("digests of many files", () => {
	test("are in the order of the files, whatever bytes their names have", async () => {
		inFolder(at(), 'for i in range(150): write(b"%03d\\xff\\n" % i, b"%d" % i * 1000)');
		const files = await find();
		expect(files[7]?.path).toBe(at(bytesToName(Buffer.from("007\xff\n", "latin1"))));
		const expected = files.map((_file, i) => referenceDigest(Buffer.from(`${i}`.repeat(1000))));
		expect(await digestFiles(files, signal)).toEqual(expected);
	});

	test("of none", async () => expect(await digestFiles([], signal)).toEqual([]));

	test("one that changed does not keep the others from theirs", async () => {
		for (const name of ["a", "b", "c", "d", "e"]) writeFileSync(at(name), name.repeat(100));
		const files = await find();
		truncateSync(at("b"), 99);
		rmSync(at("c"));
		rmSync(at("d"));
		symlinkSync("a", at("d"));
		const results = await digestFiles(files, signal);
		expect(results[0]).toBe(referenceDigest(Buffer.from("a".repeat(100))));
		expect(results[1]).toMatchObject({ code: "ERR_COMPOSEFS_CHANGED", path: at("b") });
		expect(results[2]).toMatchObject({ code: "ENOENT", path: at("c") });
		expect(results[3]).toMatchObject({ code: "ERR_COMPOSEFS_CHANGED", path: at("d") });
		expect(results[4]).toBe(referenceDigest(Buffer.from("e".repeat(100))));
	});

	test("an aborted signal's reason comes out", async () => {
		for (let i = 0; i < 40; i++) writeFileSync(at(`${i}`), Buffer.alloc(1 << 20, i));
		const files = await find();
		const controller = new AbortController();
		const digests = digestFiles(files, controller.signal);
		controller.abort(new Error("enough"));
		await expect(digests).rejects.toThrow("enough");
	});
});
