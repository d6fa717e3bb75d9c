import { expect, test } from "@jest/globals";
import { canonicalPath } from "../../src/toc/entry-path.ts";

test.each([
	["a", "a"],
	["a/b", "a/b"],
	["./a", "a"],
	["/a//b/./c/", "a/b/c"],
	["", ""],
	["./", ""],
	["/", ""],
	["..a/b..", "..a/b.."],
	[".wh.a", ".wh.a"],
	["a/...", "a/..."],
	["..", undefined],
	["a/../b", undefined],
	["a/..", undefined],
])("%p is %p", (name, path) => expect(canonicalPath(name)).toBe(path));
