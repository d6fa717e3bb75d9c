import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { checkEntryName, entryNames } from "../../src/oci/entry-path.ts";

describe("the names of an entry", () => {
	test.each<[string, string[]]>([
		["a/b", ["a", "b"]],
		["./a/b/", ["a", "b"]],
		["/a//./b/.", ["a", "b"]],
		["./", []],
		["/", []],
		["a\\b/ c ", ["a\\b", " c "]],
		["...", ["..."]],
	])("%s", (path, names) => {
		expect(entryNames(path)).toEqual(names);
	});

	test.each(["..", "a/../b", "/..", "../../etc/passwd", "a/.."])("%s is refused", (path) => {
		expect(() => entryNames(path)).toThrow(
			expect.objectContaining({ code: "ERR_COMPOSEFS_OCI", rule: "entry-name", path }),
		);
	});

	test("nothing is no name", () => {
		expect(() => entryNames("")).toThrow("an entry of the layer has no name");
	});

	test("have a limit", () => {
		expect(entryNames("d/".repeat(2047))).toHaveLength(2047);
		expect(() => entryNames("d/".repeat(2048))).toThrow(
			expect.objectContaining({ rule: "entry-depth", limit: 2047, actual: 2048 }),
		);
	});

	test("never leave the image, whatever comes", () => {
		fc.assert(
			fc.property(
				fc.array(fc.constantFrom("a", "..", ".", "", "...", "\0", "é"), { maxLength: 8 }),
				(parts) => {
					const path = parts.join("/");
					if (path === "" || parts.includes("..")) expect(() => entryNames(path)).toThrow();
					else expect(entryNames(path)).toEqual(parts.filter((part) => part !== "" && part !== "."));
				},
			),
		);
	});
});

test("a name is checked as one of a tree", () => {
	checkEntryName("a", "x/a");
	for (const name of ["n".repeat(256), "a\0b"])
		expect(() => checkEntryName(name, "x/y")).toThrow(
			expect.objectContaining({ code: "ERR_COMPOSEFS_NAME", path: "x/y" }),
		);
});
