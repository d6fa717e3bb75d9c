import { expect, test } from "@jest/globals";
import { Links } from "../../src/cli/links.ts";
import { type Change, diff } from "../../src/diff.ts";
import { Tree } from "../../src/tree.ts";

function tree(...groups: string[][]): Tree {
	const made = new Tree();
	for (const [first = "", ...others] of groups) {
		made.mknod(first, "fifo");
		for (const other of others) made.link(first, other);
	}
	return made;
}

/** Of each change its path, and where it is told. */
async function told(before: Tree, after: Tree): Promise<[string, string | undefined][]> {
	const changes: Change[] = await diff(before, after);
	const links = new Links(changes);
	return changes.map((change) => [change.path, links.toldAt(change)]);
}

test("names that came or went, or changed, as one are told at the first of them", async () => {
	expect(await told(tree(), tree(["/a", "/b", "/c"], ["/d"]))).toEqual([
		["/a", undefined],
		["/b", "/a"],
		["/c", "/a"],
		["/d", undefined],
	]);
	expect(await told(tree(["/a", "/b"]), tree(["/a"]))).toEqual([
		["/a", undefined],
		["/b", "/a"],
	]);
	const changed = tree(["/a", "/b", "/c"]);
	changed.rm("/a");
	for (const { inode } of changed.walk("/b")) inode.mode = 0o600;
	expect(await told(tree(["/a", "/b", "/c"]), changed)).toEqual([
		["/a", undefined],
		["/b", undefined],
		["/c", "/b"],
	]);
});

test("names that became one, or are one no more, are told each", async () => {
	const apart = tree(["/a"], ["/b"]);
	const linked = tree(["/a", "/b"]);
	const each = [
		["/a", undefined],
		["/b", undefined],
	];
	expect(await told(apart, linked)).toEqual(each);
	expect(await told(linked, apart)).toEqual(each);
	const changes = await diff(apart, linked);
	const links = new Links(changes);
	const [, second] = changes;
	if (second?.kind !== "changed") throw new Error("it is changed");
	expect([links.before.count(second.before), links.after.count(second.after)]).toEqual([1, 2]);
	expect(links.before.first(second.before)).toBeUndefined();
	expect(links.after.first(second.after)).toBe("/a");
});
