import { expect, test } from "@jest/globals";
import { Place } from "../../src/directory/place.ts";
import { directory } from "../../src/inode.ts";

test.each([
	["base", "base/a/b"],
	["/base/", "/base/a/b"],
	["/", "/a/b"],
])("places below %s", (base, path) => {
	const parent = directory();
	const root = Place.root(base);
	const b = root.child("a", parent).child("b", parent);
	expect([b.path, b.treePath, b.name]).toEqual([path, "/a/b", "b"]);
	const same = b.asDirectory();
	expect([same.path, same.treePath, same.parent]).toEqual([path, "/a/b", parent]);
	expect([root.path, root.treePath, root.parent]).toEqual([base, "/", undefined]);
});
