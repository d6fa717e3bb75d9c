import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import type { Bytes } from "../../src/byte-pool.ts";
import { DirectoryStack } from "../../src/dump/directory-stack.ts";
import type { Directory } from "../../src/inode.ts";
import { nameToBytes } from "../../src/names.ts";
import { Tree } from "../../src/tree.ts";

function find(stack: DirectoryStack, path: string): Directory | undefined {
	const bytes = Buffer.from(nameToBytes(`before ${path} after`)) as Bytes;
	const isAscii = /^[\0-\x7f]*$/.test(path);
	return stack.find(bytes, 7, bytes.length - 6, isAscii);
}

function stackAt(root: Directory): DirectoryStack {
	const stack = new DirectoryStack();
	stack.begin(root);
	return stack;
}

function sample(): Tree {
	const tree = new Tree();
	for (const path of ["/a/b/c", "/a/bc", "/ab/b", "/é/\udce9"]) tree.mkdir(path, { recursive: true });
	tree.writeFile("/a/file", Buffer.from("x"));
	return tree;
}

describe("directories", () => {
	test.each([
		["the root", "", "/"],
		["one below another", "/a/b/c", "/a/b/c"],
		["one whose name goes on", "/a/bc", "/a/bc"],
		["names that are not ASCII, or not UTF-8", "/é/\udce9", "/é/\udce9"],
		["no slash in front", "a/b", "/a/b"],
		["doubled slashes", "//a///b/", "/a/b"],
	])("%s", (_what, path, expected) => {
		const tree = sample();
		expect(find(stackAt(tree.root), path)).toBe(tree.get(expected));
	});

	test.each(["/b", "/a/b/c/d", "/a/file", "/a/file/x", "/a/bcd"])("%s is none", (path) => {
		const stack = stackAt(sample().root);
		find(stack, "/a/b");
		expect(find(stack, path)).toBeUndefined();
	});

	test("there are none without a root", () => {
		const stack = stackAt(sample().root);
		expect(find(stack, "/a/b")).toBeDefined();
		stack.forget();
		expect(find(stack, "/a/b")).toBeUndefined();
		expect(find(stack, "")).toBeUndefined();
	});

	test("a path longer than any before", () => {
		const names = Array.from({ length: 30 }, (_, n) => `${n}`.repeat(120));
		const tree = new Tree();
		const deepest = tree.mkdir(names.join("/"), { recursive: true });
		expect(find(stackAt(tree.root), `/${names.join("/")}`)).toBe(deepest);
	});

	test("what was asked for before changes nothing", () => {
		const name = fc.constantFrom("a", "b", "ab", "bc", "c", "file", "");
		const paths = fc.array(fc.array(name, { maxLength: 4 }), { maxLength: 20 });
		fc.assert(
			fc.property(paths, (all) => {
				const tree = sample();
				const stack = stackAt(tree.root);
				for (const names of all) {
					const path = names.map((part) => `/${part}`).join("");
					expect(find(stack, path)).toBe(find(stackAt(tree.root), path));
				}
			}),
		);
	});
});
