import { describe, expect, test } from "@jest/globals";
import { formatDump, formatDumpChunks } from "../../src/dump/format.ts";
import { directory, file } from "../../src/inode.ts";
import { Tree } from "../../src/tree.ts";
import { deepDirectory } from "../support/deep-directory.ts";

const DIGEST = "0123456789abcdef".repeat(4);

/** The line of what is at /x. */
function lineOf(build: (tree: Tree) => unknown): string | undefined {
	const tree = new Tree();
	build(tree);
	return formatDump(tree).split("\n")[1];
}

describe("lines", () => {
	const meta = { mode: 0o640, uid: 1, gid: 2, mtimeNs: 3_000_000_004n };

	test.each<[string, (tree: Tree) => unknown, string]>([
		["a directory", (tree) => tree.mkdir("/x", meta), "/x 27 40640 2 1 2 0 3.4 - - -"],
		["a symlink", (tree) => tree.symlink("to a", "/x", meta), "/x 4 120640 1 1 2 0 3.4 to\\x20a - -"],
		["a symlink to -", (tree) => tree.symlink("-", "/x", meta), "/x 1 120640 1 1 2 0 3.4 \\x2d - -"],
		["a fifo", (tree) => tree.mknod("/x", "fifo", meta), "/x 0 10640 1 1 2 0 3.4 - - -"],
		["a socket", (tree) => tree.mknod("/x", "socket", meta), "/x 0 140640 1 1 2 0 3.4 - - -"],
		[
			"a device",
			(tree) => tree.mknod("/x", "block-device", { major: 8, minor: 1 }, meta),
			"/x 0 60640 1 1 2 2049 3.4 - - -",
		],
		["a whiteout", (tree) => tree.whiteout("/x", meta), "/x 0 20640 1 1 2 0 3.4 - - -"],
		[
			"an empty file",
			(tree) => tree.writeFile("/x", new Uint8Array(0), meta),
			"/x 0 100640 1 1 2 0 3.4 - - -",
		],
		[
			"an inline file",
			(tree) => tree.writeFile("/x", Buffer.from("a\0"), meta),
			"/x 2 100640 1 1 2 0 3.4 - a\\x00 -",
		],
		[
			"an inline -",
			(tree) => tree.writeFile("/x", Buffer.from("-"), meta),
			"/x 1 100640 1 1 2 0 3.4 - \\x2d -",
		],
		[
			"an external file",
			(tree) => tree.writeFile("/x", { size: 2 ** 53, path: "ab/c", digest: DIGEST }, meta),
			`/x 9007199254740992 100640 1 1 2 0 3.4 ab/c - ${DIGEST}`,
		],
		[
			"a file known by its size",
			(tree) => tree.writeFile("/x", { size: 7 }, meta),
			"/x 7 100640 1 1 2 0 3.4 - - -",
		],
		[
			"an external file of nothing, which an image holds as an empty one",
			(tree) => tree.writeFile("/x", { size: 0, path: "ab/c", digest: DIGEST }, meta),
			"/x 0 100640 1 1 2 0 3.4 - - -",
		],
		[
			"a time before 1970",
			(tree) => tree.mknod("/x", "fifo", { mtimeNs: -1n }),
			"/x 0 10644 1 0 0 0 -1.999999999 - - -",
		],
		[
			"xattrs in the order of their Map",
			(tree) =>
				tree.mknod("/x", "fifo", {
					xattrs: [
						["b=", Buffer.from("=")],
						["a", Buffer.from("-")],
						["c", Buffer.alloc(0)],
					],
				}),
			"/x 0 10644 1 0 0 0 0.0 - - - b\\x3d=\\x3d a=- c=",
		],
		[
			"a name of any bytes",
			(tree) => tree.root.children.set("é\udcff\n", file()),
			"/\\xc3\\xa9\\xff\\n 0 100644 1 0 0 0 0.0 - - -",
		],
		["a name of one dash", (tree) => tree.root.children.set("-", file()), "/- 0 100644 1 0 0 0 0.0 - - -"],
	])("%s", (_title, build, line) => {
		expect(lineOf(build)).toBe(line);
	});

	test("directories count those below them", () => {
		const tree = new Tree();
		tree.mkdir("/a");
		tree.mkdir("/b");
		tree.writeFile("/c", new Uint8Array(0));
		expect(formatDump(tree).split("\n")[0]).toBe("/ 4096 40755 4 0 0 0 0.0 - - -");
	});
});

describe("chunks", () => {
	test("are whole lines, and together the dump", () => {
		const tree = new Tree();
		for (let i = 0; i < 5000; i++) tree.writeFile(`/file-${i}`, { size: i });
		const chunks = [...formatDumpChunks(tree)];
		expect(chunks.length).toBeGreaterThan(2);
		for (const chunk of chunks) expect(chunk.endsWith("\n")).toBe(true);
		expect(chunks.join("")).toBe(formatDump(tree));
		expect(formatDump(tree).split("\n")).toHaveLength(5002);
	});

	test("of an empty tree are one line", () => {
		const chunks = [...formatDumpChunks(new Tree(directory({ mode: 0o700 })))];
		expect(chunks).toEqual(["/ 4096 40700 2 0 0 0 0.0 - - -\n"]);
	});
});

test("bug: of each inode with several names a copy of its path was kept", () => {
	const { root, deepest } = deepDirectory(500);
	for (let n = 0; n < 1000; n++) {
		const inode = file();
		deepest.children.set(`a${n}`, inode).set(`b${n}`, inode);
	}
	const before = process.memoryUsage().arrayBuffers;
	let last = "";
	for (const chunk of formatDumpChunks(new Tree(root))) last = chunk;
	// It was 128 MB.
	expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(50e6);
	expect(last).toMatch(/ (\/d{255}){499}\/a999 - -\n$/);
});

test("bug: a dump that is longer than a string took all memory, or ended in a RangeError", () => {
	const { root, deepest } = deepDirectory();
	for (let n = 0; n < 1100; n++) deepest.children.set(`${n}`, file());
	expect(() => formatDump(new Tree(root))).toThrow(
		expect.objectContaining({ code: "ERR_COMPOSEFS_ARGUMENT", limit: 0x1fffffe8 }),
	);
});
