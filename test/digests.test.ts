import { mkdirSync, writeFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { describe, expect, test } from "@jest/globals";
import { computeDigest, computeDigests } from "../src/digest.ts";
import { ComposefsError } from "../src/errors.ts";
import { inFolder } from "./support/folder.ts";
import { referenceDigest } from "./support/reference-verity.ts";
import { useTemporaryFolder } from "./support/temporary.ts";

const at = useTemporaryFolder();

function writeMany(count: number): { files: string[]; digests: string[] } {
	const bytes = Array.from({ length: count }, (_, i) => Buffer.alloc(i * 37, i));
	const files = bytes.map((content, i) => {
		writeFileSync(at(`${i}`), content);
		return at(`${i}`);
	});
	return { files, digests: bytes.map((content) => referenceDigest(content)) };
}

describe("digests of many files", () => {
	test("are in the order of the files, whichever way they are asked for", async () => {
		const { files, digests } = writeMany(700);
		expect(await computeDigests(files)).toEqual(digests);
		expect(await computeDigests(new Set(files))).toEqual(digests);
		expect(await Promise.all(files.map((file) => computeDigest(file)))).toEqual(digests);
		expect(await computeDigests([])).toEqual([]);
	});

	test("bug: one path was taken for many, of a character each", async () => {
		for (const files of ["a", Buffer.from("a")])
			await expect(computeDigests(files as never)).rejects.toMatchObject({ code: "ERR_COMPOSEFS_ARGUMENT" });
	});

	test("may be SHA-512", async () => {
		writeFileSync(at("a"), "text");
		const expected = referenceDigest(Buffer.from("text"), "sha512");
		expect(await computeDigests([at("a"), at("a")], { algorithm: "sha512" })).toEqual([expected, expected]);
		expect(await computeDigest(at("a"), { algorithm: "sha512" })).toBe(expected);
	});

	test("have paths of any form", async () => {
		inFolder(at(), 'write(b"\\xff\\n", b"text")');
		writeFileSync(at("a b"), "text");
		const bytes = Buffer.concat([Buffer.from(`${at()}/`), Buffer.from([0xff, 0x0a])]);
		const expected = referenceDigest(Buffer.from("text"));
		expect(await computeDigests([pathToFileURL(at("a b")), bytes])).toEqual([expected, expected]);
	});

	test("one that cannot be had keeps no other from its own", async () => {
		writeFileSync(at("a"), "text");
		mkdirSync(at("folder"));
		const files = [at("gone"), at("a"), at("folder")];
		const [gone, digest, folder] = await computeDigests(files);
		expect(gone).toBeInstanceOf(ComposefsError);
		expect(gone).toMatchObject({ code: "ENOENT", syscall: "open", path: at("gone") });
		expect(digest).toBe(referenceDigest(Buffer.from("text")));
		expect(folder).toMatchObject({ code: "EISDIR", syscall: "read", path: at("folder") });
		const settled = await Promise.allSettled(files.map((file) => computeDigest(file)));
		expect(settled).toMatchObject([
			{ reason: { code: "ENOENT", path: at("gone") } },
			{ value: digest },
			{ reason: { code: "EISDIR" } },
		]);
	});

	test("wrong arguments", async () => {
		const refused = { code: "ERR_COMPOSEFS_ARGUMENT" };
		await expect(computeDigests([at("a"), ""])).rejects.toMatchObject(refused);
		await expect(computeDigests(["a\0b"])).rejects.toMatchObject(refused);
		await expect(computeDigests([], { algorithm: "md5" as never })).rejects.toMatchObject(refused);
	});

	test("end with the reason of their signal, and no others with them", async () => {
		const { files, digests } = writeMany(300);
		const controller = new AbortController();
		const ended = computeDigests(files, { signal: controller.signal });
		const each = files.map((file) => computeDigest(file, { signal: controller.signal }));
		const others = Promise.all(files.map((file) => computeDigest(file)));
		controller.abort(new Error("enough"));
		await expect(ended).rejects.toThrow("enough");
		for (const one of await Promise.allSettled(each))
			expect(one).toMatchObject({ reason: { message: "enough" } });
		expect(await others).toEqual(digests);
		await expect(computeDigests(files, { signal: controller.signal })).rejects.toThrow("enough");
	});
});
