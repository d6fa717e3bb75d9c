import { expect, test } from "@jest/globals";
import { Tree } from "../src/tree.ts";
import { pairsOf } from "../src/tree-pairs.ts";

test("every name of either tree is met once, with what both have there", () => {
	const [before, after] = [new Tree(), new Tree()];
	before.mkdir("/a/b", { recursive: true });
	before.writeFile("/c", Buffer.from("c"));
	after.writeFile("/a", Buffer.from("a"));
	after.mkdir("/c/d", { recursive: true });
	const pairs = [...pairsOf(before, after, "sorted")].filter((pair) => pair !== undefined);
	expect(pairs.map(({ path, name, before: old, after: now }) => [path, name, old?.type, now?.type])).toEqual([
		["/", "", "directory", "directory"],
		["/a", "a", "directory", "file"],
		["/a/b", "b", "directory", undefined],
		["/c", "c", "file", "directory"],
		["/c/d", "d", undefined, "directory"],
	]);
	expect(pairs.map(({ above }) => above?.path)).toEqual([undefined, "/", "/a", "/", "/c"]);
});

test("in any order, the same pairs come, directories before what is in them", () => {
	const [before, after] = [new Tree(), new Tree()];
	for (const name of ["z", "a", "z/y", "z/b"]) before.mkdir(`/${name}`);
	for (const name of ["m", "a", "a/x"]) after.mkdir(`/${name}`);
	const [sorted, any] = (["sorted", "any"] as const).map((order) => [...pairsOf(before, after, order)]);
	const paths = any?.map((pair) => pair?.path) as string[];
	expect(paths).toEqual(["/", "/z", "/z/y", "/z/b", "/a", "/a/x", "/m"]);
	expect([...paths].sort()).toEqual(sorted?.map((pair) => pair?.path));
});

test("bug: a wide directory was paired in one go", () => {
	const wide = new Tree();
	for (let n = 0; n < 50_000; n++) wide.writeFile(`/${(n * 7919) % 50_000}`, Buffer.alloc(0));
	for (const order of ["sorted", "any"] as const) {
		const pauses = [...pairsOf(wide, new Tree(), order)].filter((pair) => pair === undefined);
		expect(pauses.length).toBeGreaterThan(50_000 / 1100);
	}
});
