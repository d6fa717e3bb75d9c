import { describe, expect, test } from "@jest/globals";
import { pathError, splitPath } from "../src/tree-path.ts";

describe("splitPath", () => {
	test.each([
		["/", []],
		["", []],
		["/a/b", ["a", "b"]],
		["a//b/", ["a", "b"]],
		[Buffer.from([0x2f, 0xe9]), ["\udce9"]],
	])("%p", (path, names) => expect(splitPath(path)).toEqual(names));

	test.each(["/a/..", "./a"])("refuses %p, which would have to be interpreted", (path) => {
		expect(() => splitPath(path)).toThrow(
			expect.objectContaining({ code: "ERR_COMPOSEFS_NAME", rule: "name-dot", path }),
		);
	});
});

describe("pathError", () => {
	test("has node:fs's words", () => {
		expect(pathError("ENOENT", "no such file or directory", "/a")).toMatchObject({
			code: "ENOENT",
			message: "ENOENT: no such file or directory, /a",
			path: "/a",
		});
	});
});
