import { describe, expect, test } from "@jest/globals";
import { ComposefsError } from "../src/errors.ts";
import { directory, fifo, file, type Inode, symlink } from "../src/inode.ts";
import { checkInode, checkName, checkTexts, Violation } from "../src/validate.ts";

// What each rule refuses is in support/broken-trees.ts, which gate.test.ts goes through.

describe("Violation", () => {
	test("becomes an error at a place", () => {
		const error = new Violation("ERR_COMPOSEFS_INODE", "size", "too big", 1, 2).at("/a/b");
		expect(error).toBeInstanceOf(ComposefsError);
		expect({ ...error, message: error.message }).toEqual({
			name: "ComposefsError",
			code: "ERR_COMPOSEFS_INODE",
			rule: "size",
			path: "/a/b",
			limit: 1,
			actual: 2,
			message: "/a/b: too big",
		});
	});

	test("has no limit where the rule has none", () => {
		const error = new Violation("ERR_COMPOSEFS_TREE", "cycle", "in itself").at("/");
		expect("limit" in error).toBe(false);
		expect("actual" in error).toBe(false);
	});

	test("is no Error: most are caught a few lines on, and a stack trace costs more than the rule", () => {
		expect(new Violation("ERR_COMPOSEFS_TREE", "cycle", "")).not.toBeInstanceOf(Error);
	});
});

test("the names of xattrs count by their bytes", () => {
	const name = (count: number, length: number) => `${"é".repeat(length)}${String(count).padStart(3, "0")}`;
	const named = (count: number) =>
		fifo({ xattrs: Array.from({ length: count }, (_, n) => [name(n, 120), new Uint8Array(0)] as const) });
	// Each takes 250 bytes, and 12 come on top.
	expect(() => checkInode(named(131))).not.toThrow();
	expect(() => checkInode(named(132))).toThrow(
		expect.objectContaining({ rule: "xattr-total", limit: 32_767, actual: 33_012 }),
	);
});

describe("accepted names", () => {
	test.each([
		["one byte", "a"],
		["three dots", "..."],
		["a space", " "],
		["a backslash, a tab and a line feed", "\\\t\n"],
		["255 bytes", "n".repeat(255)],
		["255 bytes in fewer characters", `${"é".repeat(127)}n`],
		["255 bytes that are not UTF-8", "\udcff".repeat(255)],
		["a character beyond the first plane", "😀"],
		["a byte order mark", "\ufeff"],
	])("%s", (_title, name) => {
		expect(checkName(name)).toBeUndefined();
	});
});

describe("accepted inodes", () => {
	test.each<[string, Inode]>([
		["every permission bit", fifo({ mode: 0o7777 })],
		["the highest owner", fifo({ uid: 2 ** 32 - 1, gid: 2 ** 32 - 1 })],
		["a time before 1677", fifo({ mtimeNs: -(10n ** 20n) })],
		["a time after 2262", fifo({ mtimeNs: 10n ** 20n })],
		["an external file of nothing", file({ size: 0 })],
		["a file that is known by its size alone", file({ size: 5 })],
		["a content of 5,000 bytes", file(new Uint8Array(5000))],
		["a target that is not UTF-8", symlink("\udcff")],
		["a target of dots and slashes", symlink("../..//.")],
		["an xattr without value", directory({ xattrs: [["user.a", new Uint8Array(0)]] })],
		["an xattr without prefix", directory({ xattrs: [["a", new Uint8Array(1)]] })],
		["a name with = in an xattr", directory({ xattrs: [["user.a=b", new Uint8Array(1)]] })],
	])("%s", (_title, inode) => {
		expect(checkInode(inode)).toBeUndefined();
	});

	test("fields of undefined are as good as none", () => {
		const plain = { type: "file", mode: 0, uid: 0, gid: 0, mtimeNs: 0n, content: new Uint8Array(0) } as const;
		expect(checkInode(plain)).toBeUndefined();
		expect(checkInode({ ...plain, xattrs: undefined, size: undefined })).toBeUndefined();
	});
});

describe("checkTexts", () => {
	test("takes what has no digest", () => {
		for (const inode of [directory(), file(), file({ size: 1 })]) expect(checkTexts(inode)).toBeUndefined();
	});

	test("takes 64 lower-case digits, and nothing else", () => {
		expect(checkTexts(file({ size: 1, digest: "0123456789abcdef".repeat(4) }))).toBeUndefined();
		for (const digest of ["", "0".repeat(63), "0".repeat(65), "F".repeat(64), `${"0".repeat(64)}\n`])
			expect(() => checkTexts(file({ size: 1, digest }))).toThrow(
				expect.objectContaining({ rule: "digest" }),
			);
	});
});
