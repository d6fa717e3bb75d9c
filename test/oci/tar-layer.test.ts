import { expect, test } from "@jest/globals";
import { Contents } from "../../src/oci/contents.ts";
import { readLayer } from "../../src/oci/layer.ts";
import { tarLayer } from "../../src/oci/tar-layer.ts";
import { readTar } from "../../src/tar/read.ts";
import { Tree } from "../../src/tree.ts";
import { lines } from "../support/layers.ts";
import { MemoryStore } from "../support/memory-store.ts";
import { type PlainEntry, plainTar } from "../support/plain-tar.ts";

async function layerOf(entries: (PlainEntry | string)[], limit = 1 << 20) {
	const contents = new Contents(new MemoryStore());
	return readLayer(tarLayer(readTar([plainTar(...entries)]), contents, limit));
}

test("each type of entry becomes its inode", async () => {
	const { root } = await layerOf([
		{ name: "./d/", mode: 0o1777, mtimeNs: -1_500_000_000n },
		{ name: "d/f", content: "text" },
		{ name: "d/s", linkName: "../t\u{dce9}", mode: 0o777 },
		{ name: "d/h", type: "hardlink", linkName: "d/f", mode: 0o600 },
		{ name: "d/c", type: "char", rdev: [4095, 255] },
		{ name: "d/b", type: "block", rdev: [7, 1] },
		{ name: "d/p", type: "fifo" },
	]);
	const tree = new Tree(root);
	expect(lines(tree)).toEqual([
		"d/",
		"d/b (7:1)",
		"d/c (4095:255)",
		"d/f: text",
		"d/h = d/f",
		"d/p (fifo)",
		"d/s -> ../t\u{dce9}",
	]);
	expect(tree.get("d")).toMatchObject({ mode: 0o1777, mtimeNs: -1_500_000_000n });
	expect(tree.get("d/h")?.mode).toBe(0o644);
});

test("a file that is too large is refused by its name", async () => {
	await expect(layerOf([{ name: "a", content: "12345" }], 4)).rejects.toMatchObject({
		code: "ERR_COMPOSEFS_OCI",
		rule: "file-size",
		path: "a",
		limit: 4,
		actual: 5,
	});
});
