import { describe, expect, test } from "@jest/globals";
import { copyTree } from "../src/copy-tree.ts";
import { diff } from "../src/diff.ts";
import { formatDump } from "../src/dump/format.ts";
import { listObjects } from "../src/image/objects.ts";
import { directory } from "../src/inode.ts";
import { MetDirectories } from "../src/met-directories.ts";
import { diffLayer } from "../src/oci/diff-layer.ts";
import { canonicalise } from "../src/oci/profile.ts";
import { Tree } from "../src/tree.ts";

test("a directory is met once", () => {
	const met = new MetDirectories();
	const [one, other] = [directory(), directory()];
	met.add(one);
	met.add(other);
	expect(() => met.add(one)).toThrow(
		expect.objectContaining({ code: "ERR_COMPOSEFS_TREE", rule: "directory-linked" }),
	);
});

/** A directory that contains itself, over another one. */
function cycle(): Tree {
	const tree = new Tree();
	tree.mkdir("/usr/a", { recursive: true }).children.set("b", tree.mkdir("/usr/c"));
	tree.mkdir("/usr/c/d").children.set("usr", tree.get("/usr") as ReturnType<typeof directory>);
	return tree;
}

/** Sixty directories, each under two names in the one above: a walk would meet 2^60. */
function doubled(): Tree {
	let at = directory();
	for (let level = 0; level < 60; level++) {
		const above = directory();
		above.children.set("a", at).set("usr", at);
		at = above;
	}
	return new Tree(at);
}

describe.each([
	["contains itself", cycle],
	["has two names", doubled],
])("bug: walks did not end where a directory %s", (_title, make) => {
	const WALKS: [string, (tree: Tree) => unknown][] = [
		["Tree.walk", (tree) => [...tree.walk()]],
		["formatDump", formatDump],
		["diff, before", (tree) => diff(tree, new Tree())],
		["diff, after", (tree) => diff(new Tree(), tree)],
		["listObjects", listObjects],
		["canonicalise", (tree) => canonicalise(tree, "oci")],
		["copyTree", (tree) => copyTree(tree)],
		["diffLayer, before", (tree) => diffLayer(tree, new Tree())],
		["diffLayer, after", (tree) => diffLayer(new Tree(), tree)],
	];
	test.each(WALKS)("%s", async (_name, walk) => {
		await expect((async () => walk(make()))()).rejects.toMatchObject({
			code: "ERR_COMPOSEFS_TREE",
			rule: "directory-linked",
		});
	});
});
