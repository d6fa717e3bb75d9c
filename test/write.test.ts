import { setImmediate as nextTurn } from "node:timers/promises";
import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { computeDigest } from "../src/digest.ts";
import { readImage } from "../src/image/read.ts";
import { file, type Inode, whiteout } from "../src/inode.ts";
import { Tree } from "../src/tree.ts";
import { type VersionOptions, type WriteImageOptions, writeImage } from "../src/write.ts";
import { arbitraryTree } from "./support/arbitrary-tree.ts";
import { deepDirectory } from "./support/deep-directory.ts";
import { manyFiles } from "./support/many-files.ts";

const digestOf = async (tree: Tree) => (await writeImage(tree, { digestOnly: true })).digest;

describe("an image", () => {
	test("comes with its digest, size and version", async () => {
		const { image, digest, size, version, warnings } = await writeImage(new Tree());
		expect(image).toBeInstanceOf(Uint8Array);
		expect(image?.length).toBe(size);
		expect(digest).toBe(await computeDigest(image));
		expect(version).toBe(0);
		expect(warnings).toEqual([]);
	});

	test("begins as composefs says", async () => {
		const image = Buffer.from((await writeImage(new Tree())).image);
		expect(image.readUInt32LE(0)).toBe(0xd078629a); // composefs
		expect(image.readUInt32LE(1024)).toBe(0xe0f5e1e2); // EROFS
		expect(image.length % 4096).toBe(0);
	});

	test("of an empty tree with the digest that mkcomposefs 1.0.8 prints", async () => {
		await expect(digestOf(new Tree())).resolves.toBe(EMPTY_TREE);
	});

	test("may be no more than its digest", async () => {
		const tree = manyFiles(100);
		const whole = await writeImage(tree);
		const { image, ...rest } = await writeImage(tree, { digestOnly: true });
		expect(image).toBeUndefined();
		expect({ ...rest, image: whole.image }).toEqual(whole);
	});

	test("has the bytes of names that are not UTF-8", async () => {
		const tree = new Tree();
		tree.symlink(Uint8Array.of(0xfe), Uint8Array.of(0xff, 0x61));
		const image = Buffer.from((await writeImage(tree)).image);
		expect(image.includes(Buffer.of(0xff, 0x61))).toBe(true);
		expect(image.includes(Buffer.from("\ufffd"))).toBe(false);
	});
});

const EMPTY_TREE = "8f589e8f57ecb88823736b0d857ddca1e1068a23e264fad164b28f7038eb3682";

describe("versions", () => {
	test.each<[VersionOptions, boolean, number]>([
		[{}, false, 0],
		[{}, true, 1],
		[{ maxVersion: 0 }, true, 0],
		[{ minVersion: 1 }, false, 1],
		[{ minVersion: 0, maxVersion: 1 }, true, 1],
		[{ minVersion: 1, maxVersion: 1 }, true, 1],
	])("%j with whiteouts %j: %d", async (options, whiteouts, expected) => {
		const tree = new Tree();
		if (whiteouts) tree.whiteout("/gone");
		const { image, version } = await writeImage(tree, options);
		expect(version).toBe(expected);
		expect(Buffer.from(image).readUInt32LE(12)).toBe(expected);
	});

	test.each([
		["a directory in place of a tree", new Tree().root, {}],
		["a path in place of options", new Tree(), "image.cfs"],
		["bytes of a path in place of options", new Tree(), Buffer.from("image.cfs")],
	])("bug: %s was not told", async (_title, tree, options) => {
		await expect(writeImage(tree as never, options as never)).rejects.toMatchObject({
			code: "ERR_COMPOSEFS_ARGUMENT",
		});
	});

	test.each<[WriteImageOptions, string]>([
		[{ minVersion: 2 }, "minVersion is 2, not 0 or 1"],
		[{ minVersion: -1 }, "minVersion is -1, not 0 or 1"],
		[{ maxVersion: 0.5 }, "maxVersion is 0.5, not 0 or 1"],
		[{ maxVersion: "1" as never }, "maxVersion is 1, not 0 or 1"],
		[{ minVersion: 1, maxVersion: 0 }, "minVersion is greater than maxVersion"],
		[{ digestOnly: true, to: "image" }, "digestOnly leaves nothing to write to a file"],
	])("%j is refused", async (options, message) => {
		await expect(writeImage(new Tree(), options)).rejects.toMatchObject({
			code: "ERR_COMPOSEFS_ARGUMENT",
			message,
		});
	});
});

describe("whiteouts in opaque directories", () => {
	test("are written, and warned of", async () => {
		const tree = new Tree();
		const xattrs = [["trusted.overlay.opaque", Buffer.from("y")]] as const;
		tree.mkdir("/a", { xattrs }).children.set("gone", whiteout()).set("there", file());
		tree.mkdir("/b").children.set("gone", whiteout());
		const { warnings, version } = await writeImage(tree);
		expect(version).toBe(1);
		expect(warnings).toEqual([
			{
				code: "WHITEOUT_IN_OPAQUE_DIRECTORY",
				path: "/a/gone",
				message: "/a/gone: a whiteout in an opaque directory; the image loses the directory's opaque mark",
			},
		]);
	});

	test("bug: in an image of version 0 they were said to cost the opaque mark; what they do is to be listed", async () => {
		const tree = new Tree();
		const xattrs = [["trusted.overlay.opaque", Buffer.from("y")]] as const;
		tree.mkdir("/a", { xattrs }).children.set("gone", whiteout());
		tree.mkdir("/b").children.set("gone", whiteout());
		const { warnings, version, image } = await writeImage(tree, { maxVersion: 0 });
		expect(version).toBe(0);
		expect((await readImage(image)).get("/a")?.xattrs?.get("trusted.overlay.opaque")).toEqual(
			Buffer.from("y"),
		);
		expect(warnings).toEqual([
			{
				code: "WHITEOUT_LISTED",
				path: "/a/gone",
				message:
					"/a/gone: a whiteout in an image of version 0; overlayfs finds nothing there, but lists the name",
			},
		]);
		expect((await writeImage(new Tree(), { maxVersion: 0 })).warnings).toEqual([]);
	});

	test("bug: warnings had a text of its own for each long path", async () => {
		const { root, deepest } = deepDirectory();
		deepest.xattrs = new Map([["trusted.overlay.opaque", Buffer.from("y")]]);
		for (let n = 0; n < 2000; n++) deepest.children.set(`${n}`, whiteout());
		const before = process.memoryUsage().heapUsed;
		const { warnings } = await writeImage(new Tree(root), { digestOnly: true });
		expect(warnings).toHaveLength(2000);
		// It was a gigabyte.
		expect(process.memoryUsage().heapUsed - before).toBeLessThan(200e6);
		expect(warnings[1999]?.path).toMatch(/^(\/d{255}){2047}\/1999$/);
	});
});

describe("one tree gives one image", () => {
	/** The same tree with the children of all directories, and so all hard links, in the opposite order. */
	function reversed(tree: Tree): Tree {
		for (const inode of [...inodes(tree)]) {
			if (inode.type !== "directory") continue;
			const children = [...inode.children].reverse();
			inode.children.clear();
			for (const [name, child] of children) inode.children.set(name, child);
		}
		return tree;
	}

	function* inodes(tree: Tree): Generator<Inode> {
		for (const { inode } of tree.walk()) yield inode;
	}

	test("in whatever order its names were added", async () => {
		await fc.assert(
			fc.asyncProperty(arbitraryTree(), async (tree) => {
				const digest = await digestOf(tree);
				expect(await digestOf(reversed(tree))).toBe(digest);
			}),
		);
	});

	test("in whatever order its hard links were made", async () => {
		const build = (...names: string[]) => {
			const tree = new Tree();
			tree.mkdir("/d");
			const [first, ...others] = names as [string, ...string[]];
			tree.writeFile(first, Buffer.from("x"));
			for (const name of others) tree.link(first, name);
			return tree;
		};
		const digest = await digestOf(build("/a", "/d/b", "/c"));
		expect(await digestOf(build("/c", "/a", "/d/b"))).toBe(digest);
		expect(await digestOf(build("/d/b", "/c", "/a"))).toBe(digest);
		const copies = build("/a", "/d/b");
		copies.writeFile("/c", Buffer.from("x"));
		expect(await digestOf(copies)).not.toBe(digest);
	});
});

describe("many at once", () => {
	test("do not mix", async () => {
		const trees = Array.from({ length: 16 }, (_, i) => manyFiles(500, i));
		const alone: string[] = [];
		for (const tree of trees) alone.push(await digestOf(tree));
		expect(new Set(alone).size).toBe(trees.length);
		expect(await Promise.all(trees.map(digestOf))).toEqual(alone);
	});

	test("may be of one tree", async () => {
		const tree = manyFiles(5000);
		const digests = await Promise.all(Array.from({ length: 6 }, () => digestOf(tree)));
		expect(new Set(digests).size).toBe(1);
	});
});

describe("a tree that changes while it is written", () => {
	test.each([
		["grows", (tree: Tree) => tree.mkdir("/late")],
		["shrinks", (tree: Tree) => tree.rm("/f49999")],
	])("and %s is refused", async (_title, change) => {
		const tree = new Tree();
		for (let i = 0; i < 50_000; i++) tree.root.children.set(`f${i}`, file());
		const writing = writeImage(tree, { digestOnly: true });
		await nextTurn();
		change(tree);
		await expect(writing).rejects.toMatchObject({ code: "ERR_COMPOSEFS_RECORDS", rule: expect.any(String) });
	});
});

describe("what a JavaScript program may leave out", () => {
	test("a tree", async () => {
		const none = { name: "ComposefsError", code: "ERR_COMPOSEFS_ARGUMENT" };
		await expect(writeImage(undefined as unknown as Tree)).rejects.toMatchObject(none);
		await expect(writeImage({} as Tree)).rejects.toMatchObject(none);
		const broken = { name: "ComposefsError", code: "ERR_COMPOSEFS_TREE", rule: "root", path: "/" };
		await expect(writeImage({ root: {} } as Tree)).rejects.toMatchObject(broken);
	});
});
