import { expect, test } from "@jest/globals";
import { Tree } from "../src/tree.ts";
import { pairsOf } from "../src/tree-pairs.ts";

test("every name of either tree is met once, with what both have there", () => {
	const [before, after] = [new Tree(), new Tree()];
	before.mkdir("/a/b", { recursive: true });
	before.writeFile("/c", Buffer.from("c"));
	after.writeFile("/a", Buffer.from("a"));
	after.mkdir("/c/d", { recursive: true });
	const pairs = [...pairsOf(before, after)];
	expect(pairs.map(({ path, name, before: old, after: now }) => [path, name, old?.type, now?.type])).toEqual([
		["/", "", "directory", "directory"],
		["/a", "a", "directory", "file"],
		["/a/b", "b", "directory", undefined],
		["/c", "c", "file", "directory"],
		["/c/d", "d", undefined, "directory"],
	]);
	expect(pairs.map(({ above }) => above?.path)).toEqual([undefined, "/", "/a", "/", "/c"]);
});
