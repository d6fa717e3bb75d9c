import { describe, expect, test } from "@jest/globals";
import { LayerBudget } from "../../src/oci/layer-budget.ts";
import { LayerBuilder } from "../../src/oci/layer-builder.ts";
import { Tree } from "../../src/tree.ts";
import { entry, lines } from "../support/layers.ts";

function build(...texts: string[]) {
	const builder = new LayerBuilder(new LayerBudget({ entries: 100, metadata: 1 << 20 }));
	for (const text of texts) builder.add(entry(text));
	return builder.layer();
}

const own = (...texts: string[]) => lines(new Tree(build(...texts).root));

describe("a layer by itself", () => {
	test.each<[string, string[], string[]]>([
		["the last of several entries counts", ["a: 1", "a: 2"], ["a: 2"]],
		["directories keep what is in them", ["d/", "d/a", "d/"], ["d/", "d/a"]],
		["a file replaces a directory and all below", ["d/", "d/e/f", "d"], ["d"]],
		["what comes after goes to the new directory", ["d/a", "d", "d/", "d/b"], ["d/", "d/b"]],
		["a directory is not mistaken for its parent", ["a/b/c", "a/b/", "a/x"], ["a/", "a/b/", "a/b/c", "a/x"]],
		["nor for one of a like path", ["a/a/a", "a/a/a/", "a/a/b"], ["a/", "a/a/", "a/a/a/", "a/a/b"]],
		["AUFS's own files are no part of it", [".wh..wh.plnk/", ".wh..wh.plnk/7: x", ".wh..wh.aufs"], []],
		[
			"but may be linked to",
			[".wh..wh.plnk/7: x", "a = .wh..wh.plnk/7", "b = /.wh..wh.plnk/7"],
			["a: x", "b = a"],
		],
		["with several names there too", ["a: x", ".wh..wh.plnk/7 = a", "b = .wh..wh.plnk/7"], ["a: x", "b = a"]],
	])("%s", (_title, texts, expected) => {
		expect(own(...texts)).toEqual(expected);
	});

	test("knows which directories have no entry", () => {
		const { root, implicit } = build("a/b/c", "a/");
		const names = (path: string) => new Tree(root).get(path) as never;
		expect([implicit.has(root), implicit.has(names("a")), implicit.has(names("a/b"))]).toEqual([
			true,
			false,
			true,
		]);
		expect(build("./").implicit.size).toBe(0);
	});

	test("stands in for inodes of lower layers, once for each", () => {
		const { root, links } = build("a = x/y", "b = ./x/y", "c = a", "d = z");
		expect(lines(new Tree(root))).toEqual(["a", "b = a", "c = a", "d"]);
		expect([...links.values()]).toEqual([
			{ path: "a", target: ["x", "y"] },
			{ path: "d", target: ["z"] },
		]);
	});
});

describe("refused", () => {
	test.each<[string, string, string[]]>([
		["a path below a file of the layer", "entry-parent", ["a", "a/b"]],
		["a path below a symlink of the layer", "entry-parent", ["a -> /etc", "a/passwd"]],
		["a path below what took a directory's place, with a slash", "entry-parent", ["d/a", "d/ -> x", "d/b"]],
		["a path far below one", "entry-parent", ["a/b -> c", "a/b/c/d"]],
		["a root that is no directory", "entry-root", ["./ -> x"]],
		["a root that is a file", "entry-root", ["."]],
		["a root that is a hard link", "entry-root", ["a", "/ = a"]],
	])("%s", (_title, rule, texts) => {
		expect(() => build(...texts)).toThrow(expect.objectContaining({ code: "ERR_COMPOSEFS_OCI", rule }));
	});

	test("a name that is too long, wherever it stands", () => {
		for (const path of ["n".repeat(256), `${"n".repeat(256)}/a`])
			expect(() => build(path)).toThrow(expect.objectContaining({ rule: "name-length", path }));
	});

	test("too many entries, implied directories and marks included", () => {
		for (const path of ["d/".repeat(120), `${"d/".repeat(120)}.wh.x`])
			expect(() => build(path)).toThrow(expect.objectContaining({ rule: "entry-count", limit: 100 }));
		expect(() => build(...Array.from({ length: 101 }, () => "a"))).toThrow("more than 100 entries");
	});
});
