import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { copyTree } from "../src/copy-tree.ts";
import { formatDump } from "../src/dump/format.ts";
import { type Inode, isWhiteout } from "../src/inode.ts";
import { Tree } from "../src/tree.ts";
import { arbitraryTree } from "./support/arbitrary-tree.ts";

test("a copy is equal, and has no inode or attribute in common", async () => {
	await fc.assert(
		fc.asyncProperty(arbitraryTree(), async (tree) => {
			const before = formatDump(tree);
			const copy = await copyTree(tree);
			expect(formatDump(copy)).toBe(before);
			const own = new Set<unknown>(Array.from(tree.walk(), ({ inode }) => inode));
			for (const { inode } of copy.walk()) {
				expect(own.has(inode)).toBe(false);
				inode.mode ^= 1;
				inode.xattrs?.clear();
				if ("rdev" in inode) Object.assign(inode.rdev, { minor: inode.rdev.minor ^ 1 });
				if (inode.type === "directory") inode.children.delete("a");
			}
			expect(formatDump(tree)).toBe(before);
		}),
		{ numRuns: 60 },
	);
});

test("a copy can be changed while the tree stays as it was", async () => {
	const tree = new Tree();
	tree.writeFile("/a", Buffer.from("1"), { xattrs: [["user.a", Buffer.from("1")]] });
	tree.link("/a", "/b");
	tree.whiteout("/gone");
	const before = formatDump(tree);
	const copy = await copyTree(tree);
	expect(copy.get("/a")).toBe(copy.get("/b"));
	expect(isWhiteout(copy.get("/gone") as Inode)).toBe(true);
	copy.writeFile("/a", Buffer.from("2"));
	copy.get("/b")?.xattrs?.clear();
	copy.rm("/gone");
	expect(formatDump(tree)).toBe(before);
});

test("what is no tree is refused, and the signal counts", async () => {
	const tree = new Tree();
	tree.mkdir("/a").children.set("b", tree.mkdir("/c"));
	await expect(copyTree(tree)).rejects.toMatchObject({
		code: "ERR_COMPOSEFS_TREE",
		rule: "directory-linked",
	});
	await expect(copyTree(tree.root as never)).rejects.toMatchObject({ code: "ERR_COMPOSEFS_ARGUMENT" });
	const reason = new Error("enough");
	await expect(copyTree(new Tree(), { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
});
