import { setImmediate as nextTurn } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { describe, expect, test } from "@jest/globals";
import { encodeTree } from "../src/encode.ts";
import { Idle } from "../src/idle.ts";
import { type Inode, symlink } from "../src/inode.ts";
import { Tree } from "../src/tree.ts";

describe("Idle", () => {
	test("gives out what was given back, and nothing twice", () => {
		let made = 0;
		const idle = new Idle(() => ({ number: made++ }));
		const [first, second] = [idle.take(), idle.take()];
		expect([first.number, second.number]).toEqual([0, 1]);
		idle.give(second);
		expect(idle.take()).toBe(second);
		expect(idle.take().number).toBe(2);
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
async function encoded(inode: Inode): Promise<{ inode: WeakRef<object>; failed: boolean }> {
	const tree = new Tree();
	for (let n = 0; n < 1000; n++) tree.writeFile(`/${n}`, Buffer.from("content"));
	tree.root.children.set("inode", inode);
	let failed = false;
	await encodeTree(tree, () => {}).catch(() => {
		failed = true;
	});
	return { inode: new WeakRef(inode), failed };
}

describe("what is kept of an encoder holds no tree", () => {
	test("after the end", async () => {
		const { inode, failed } = await encoded(symlink("target"));
		expect(failed).toBe(false);
		expect(await isCollected(inode)).toBe(true);
	});

	test("after an error", async () => {
		const { inode, failed } = await encoded({ ...symlink("target"), mode: -1 });
		expect(failed).toBe(true);
		expect(await isCollected(inode)).toBe(true);
	});
});
