import { describe, expect, test } from "@jest/globals";
import {
	copyMetadata,
	device,
	directory,
	fifo,
	file,
	fileSize,
	isOpaque,
	isWhiteout,
	NO_BYTES,
	socket,
	symlink,
	whiteout,
} from "../src/inode.ts";

describe("constructors", () => {
	const plain = { uid: 0, gid: 0, mtimeNs: 0n, xattrs: undefined };

	test.each([
		["directory", directory(), { type: "directory", mode: 0o755, ...plain, children: new Map() }],
		["file", file(), { type: "file", mode: 0o644, ...plain, content: NO_BYTES }],
		["symlink", symlink("t"), { type: "symlink", mode: 0o777, ...plain, target: "t" }],
		["fifo", fifo(), { type: "fifo", mode: 0o644, ...plain }],
		["socket", socket(), { type: "socket", mode: 0o644, ...plain }],
		[
			"device",
			device("block-device", { major: 8, minor: 1 }),
			{ type: "block-device", mode: 0o644, ...plain, rdev: { major: 8, minor: 1 } },
		],
		["whiteout", whiteout(), { type: "character-device", mode: 0, ...plain, rdev: { major: 0, minor: 0 } }],
	])("%s has defaults", (_title, inode, expected) => {
		expect(inode).toEqual(expected);
	});

	test("metadata is taken as it is given", () => {
		const inode = fifo({ mode: 0o4711, uid: 1, gid: 2, mtimeNs: -3n, xattrs: [["user.a", NO_BYTES]] });
		expect(inode).toMatchObject({ mode: 0o4711, uid: 1, gid: 2, mtimeNs: -3n });
		expect([...(inode.xattrs ?? [])]).toEqual([["user.a", NO_BYTES]]);
	});

	test("xattrs are copied from a Map, and their names may be bytes", () => {
		const xattrs = new Map([["user.a", NO_BYTES]]);
		const inode = socket({ xattrs });
		expect(inode.xattrs).not.toBe(xattrs);
		expect(socket({ xattrs: [[Uint8Array.of(0x61, 0xff), NO_BYTES]] }).xattrs?.has("a\udcff")).toBe(true);
	});

	test("a target and an object path may be bytes", () => {
		expect(symlink(Uint8Array.of(0xff)).target).toBe("\udcff");
		expect(file({ size: 1, path: Uint8Array.of(0x61, 0x80) }).path).toBe("a\udc80");
	});

	test.each<[string, () => unknown]>([
		["text as content", () => file("text" as unknown as Uint8Array)],
		["no target", () => symlink(undefined as unknown as string)],
		["a time as text", () => fifo({ mtime: "2026" as unknown as Date })],
		[
			"bug: xattrs in an object, which were left out",
			() => fifo({ xattrs: { "user.a": NO_BYTES } as never }),
		],
	])("%s is refused", (_title, wrong) => {
		expect(wrong).toThrow(expect.objectContaining({ code: "ERR_COMPOSEFS_ARGUMENT" }));
	});

	test("a whiteout's mode can be set", () => {
		expect(whiteout({ mode: 0o600 }).mode).toBe(0o600);
	});

	test("inodes of a type have one shape, whatever is given", () => {
		const shapes = [file(), file({ size: 1 }), file({ size: 1, digest: "", path: "" }), file(NO_BYTES, {})];
		expect(new Set(shapes.map((inode) => Object.keys(inode).join()))).toHaveProperty("size", 1);
	});
});

describe("times", () => {
	test.each([
		["seconds", 1.5, 1_500_000_000n],
		["seconds before 1970", -1.5, -1_500_000_000n],
		["a date", new Date("2020-01-02T03:04:05.678Z"), 1_577_934_245_678_000_000n],
		["a date before 1970", new Date(-1), -1_000_000n],
		["a second that binary fractions miss", 0.1, 100_000_000n],
		["seconds past 2^53 nanoseconds", 1_700_000_000.25, 1_700_000_000_250_000_000n],
	])("%s", (_title, mtime, expected) => {
		expect(fifo({ mtime }).mtimeNs).toBe(expected);
	});

	test("nanoseconds win over the other form", () => {
		expect(fifo({ mtime: 5, mtimeNs: 7n }).mtimeNs).toBe(7n);
	});

	test.each([Number.NaN, Number.POSITIVE_INFINITY, new Date("never")])("%s is refused", (mtime) => {
		expect(() => fifo({ mtime })).toThrow(
			expect.objectContaining({ code: "ERR_COMPOSEFS_INODE", rule: "mtime" }),
		);
	});
});

describe("questions", () => {
	test("only a character device 0:0 is a whiteout", () => {
		expect(isWhiteout(whiteout())).toBe(true);
		expect(isWhiteout(device("character-device", { major: 0, minor: 0 }))).toBe(true);
		expect(isWhiteout(device("block-device", { major: 0, minor: 0 }))).toBe(false);
		expect(isWhiteout(device("character-device", { major: 0, minor: 1 }))).toBe(false);
		expect(isWhiteout(device("character-device", { major: 1, minor: 0 }))).toBe(false);
		expect(isWhiteout(fifo())).toBe(false);
	});

	test("only a y makes a directory opaque", () => {
		const marked = (value: string) => directory({ xattrs: [["trusted.overlay.opaque", Buffer.from(value)]] });
		expect(["y", "n", "yes", "x", ""].map((value) => isOpaque(marked(value)))).toEqual([
			true,
			false,
			false,
			false,
			false,
		]);
		expect(isOpaque(directory())).toBe(false);
	});

	test("a file's size is that of its content, wherever it is", () => {
		expect(fileSize(file(Buffer.from("abc")))).toBe(3);
		expect(fileSize(file({ size: 7 }))).toBe(7);
	});
});

test("the path of an object is that of its digest, unless it is given", () => {
	const digest = "ab".repeat(32);
	expect(file({ size: 5, digest })).toMatchObject({ digest, path: `ab/${"ab".repeat(31)}` });
	expect(file({ size: 5, digest, path: "x" })).toMatchObject({ digest, path: "x" });
	expect(file({ size: 5 }).path).toBeUndefined();
	for (const none of [5, null, "", Buffer.alloc(32)])
		expect(file({ size: 5, digest: none as never }).path).toBeUndefined();
});

test("metadata goes from one directory to another, children do not", () => {
	const metadata = { mode: 0o700, uid: 1, gid: 2, mtimeNs: 3n, xattrs: new Map([["user.a", NO_BYTES]]) };
	const from = directory(metadata);
	from.children.set("a", file());
	const to = directory();
	copyMetadata(from, to);
	expect(to).toEqual(directory(metadata));
});
