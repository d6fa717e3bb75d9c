import { setImmediate as nextTurn } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { describe, expect, test } from "@jest/globals";
import { formatDump, parseDump } from "../src/dump/index.ts";
import { encodeTree } from "../src/encode.ts";
import { Idle } from "../src/idle.ts";
import { readImage } from "../src/image/index.ts";
import { type Inode, symlink } from "../src/inode.ts";
import { parseTocJson } from "../src/toc/index.ts";
import { Tree } from "../src/tree.ts";
import { writeImage } from "../src/write.ts";

describe("Idle", () => {
	test("gives out what was given back, and nothing twice", () => {
		let made = 0;
		const idle = new Idle(() => ({ number: made++, forget() {} }));
		const [first, second] = [idle.take(), idle.take()];
		expect([first.number, second.number]).toEqual([0, 1]);
		idle.give(second);
		expect(idle.take()).toBe(second);
		expect(idle.take().number).toBe(2);
	});

	test("gets back what it has lent, forgetful, however the work ends", async () => {
		let forgotten = 0;
		const object = { forget: () => forgotten++ };
		const idle = new Idle(() => object);
		expect(await idle.lend(async (lent) => lent === object)).toBe(true);
		await expect(
			idle.lend(async () => {
				throw new Error("in between");
			}),
		).rejects.toThrow("in between");
		expect([forgotten, idle.take()]).toEqual([2, object]);
	});
});

setFlagsFromString("--expose-gc");
const collectGarbage: () => void = runInNewContext("gc");

async function isCollected(reference: WeakRef<object>): Promise<boolean> {
	for (let attempt = 0; attempt < 5; attempt++) {
		await nextTurn(); // a reference that was looked at lives until the turn ends
		collectGarbage();
		if (reference.deref() === undefined) return true;
	}
	return false;
}

/** Encodes a tree with that inode in it, and leaves only what the encoder has kept of it. */
async function encoded(inode: Inode): Promise<{ inode: WeakRef<object>; error: string | undefined }> {
	const tree = new Tree();
	for (let n = 0; n < 1000; n++) tree.writeFile(`/${n}`, Buffer.from("content"));
	tree.root.children.set("inode", inode);
	// Only what it says: an error has the objects of its stack.
	const error = await encodeTree(tree, () => {}).then(
		() => undefined,
		({ message }) => message,
	);
	return { inode: new WeakRef(inode), error };
}

describe("what is kept of an encoder holds no tree", () => {
	test("after the end", async () => {
		const { inode, error } = await encoded(symlink("target"));
		expect(error).toBeUndefined();
		expect(await isCollected(inode)).toBe(true);
	});

	test("after an error", async () => {
		const { inode, error } = await encoded({ ...symlink("target"), mode: -1 });
		expect(error).toMatch("/inode: mode is -1");
		expect(await isCollected(inode)).toBe(true);
	});
});

const DUMP = "/ 0 40755 2 0 0 0 0.0 - - -\n/d 0 40755 2 0 0 0 0.0 - - -\n/d/f 1 100644 1 0 0 0 0.0 - x -\n";
const ENTRIES = [
	{ type: "dir", name: "d/" },
	{ type: "reg", name: "d/f", size: 1, "x-content": "eA==" },
];
const TOC = JSON.stringify({ version: 1, entries: ENTRIES });

const PARSERS: [string, (more: string) => Promise<Tree>][] = [
	["of a dump", (more) => parseDump(DUMP + more)],
	["of a table of contents", (more) => parseTocJson([TOC + more])],
	["of an image", (more) => imageOf(more !== "").then((image) => readImage(image))],
];

async function imageOf(isDamaged: boolean): Promise<Uint8Array> {
	const { image } = await writeImage(await parseDump(DUMP));
	const bytes = image;
	if (isDamaged) bytes.fill(0xff, bytes.length / 2);
	return bytes;
}

describe.each(PARSERS)("what is kept of the parser %s", (_what, parse) => {
	test("holds no tree", async () => {
		const referencesOf = (tree: Tree) =>
			["/", "/d", "/d/f"].map((path) => new WeakRef(tree.get(path) as object));
		const references = await parse("").then(referencesOf);
		for (const inode of references) expect(await isCollected(inode)).toBe(true);
	});

	test("is as new after a text that is refused", async () => {
		const before = formatDump(await parse(""));
		await expect(parse("what is not there")).rejects.toMatchObject({ name: "ComposefsError" });
		expect(formatDump(await parse(""))).toBe(before);
	});

	test("is not shared", async () => {
		const all = await Promise.all([parse(""), parse(""), parse("").then(formatDump)]);
		expect(all.slice(0, 2).map((tree) => formatDump(tree as Tree))).toEqual([all[2], all[2]]);
	});
});
