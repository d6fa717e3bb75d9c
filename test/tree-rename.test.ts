import { mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { Tree } from "../src/tree.ts";

/** /a/b is a file, /a/l a symlink, /c an empty directory, /d/e another one. */
function someTree(): Tree {
	const tree = new Tree();
	for (const name of ["/a", "/c", "/d", "/d/e"]) tree.mkdir(name);
	tree.writeFile("/a/b", Buffer.from("b"));
	tree.symlink("b", "/a/l");
	return tree;
}

const system = (code: string, at: string) =>
	expect.objectContaining({ code, path: at, name: "ComposefsError" });
const paths = (tree: Tree) => Array.from(tree.walk(), (entry) => entry.path);

describe("rename", () => {
	test("a file, into another directory", () => {
		const tree = someTree();
		const inode = tree.get("/a/b");
		tree.rename("/a/b", "c/new");
		expect(tree.get("/c/new")).toBe(inode);
		expect(paths(tree)).toEqual(["/", "/a", "/a/l", "/c", "/c/new", "/d", "/d/e"]);
	});

	test("a directory, with all that is in it, in place of an empty one", () => {
		const tree = someTree();
		const directory = tree.get("/a");
		tree.rename("/a", "/d/e");
		expect(tree.get("/d/e")).toBe(directory);
		expect(paths(tree)).toEqual(["/", "/c", "/d", "/d/e", "/d/e/b", "/d/e/l"]);
	});

	test("a symlink, in place of a file: it is not followed", () => {
		const tree = someTree();
		tree.rename("/a/l", "/a/b");
		expect(tree.get("/a/b")?.type).toBe("symlink");
		expect(tree.readdir("/a")).toEqual(["b"]);
	});

	test("a name that begins like that of its directory", () => {
		const tree = someTree();
		tree.rename("/a", "/ab");
		expect(tree.readdir("/ab")).toEqual(["b", "l"]);
	});

	test("of two names of one inode, both stay, as with rename(2)", () => {
		const tree = someTree();
		tree.link("/a/b", "/a/second");
		tree.rename("/a/b", "/a/second");
		tree.rename("/a/b", "/a/b");
		expect(tree.readdir("/a")).toEqual(["b", "l", "second"]);
	});

	test.each([
		["/x", "/y", "ENOENT", "/x"],
		["/a/b", "/x/y", "ENOENT", "/x/y"],
		["/a/b", "/a/l/y", "ENOTDIR", "/a/l/y"],
		["/a/b", "/c", "EISDIR", "/c"],
		["/c", "/a/b", "ENOTDIR", "/a/b"],
		["/c", "/a", "ENOTEMPTY", "/a"],
		["/d/e", "/d", "ENOTEMPTY", "/d"],
		["/d", "/d/e/f", "EINVAL", "/d/e/f"],
		["/d", "/d/e", "EINVAL", "/d/e"],
		["/", "/c/root", "EPERM", "/"],
		["/c", "/", "EEXIST", "/"],
	])("%s to %s is %s", (from, to, code, at) => {
		const tree = someTree();
		expect(() => tree.rename(from, to)).toThrow(system(code, at));
		expect(paths(tree)).toEqual(paths(someTree()));
	});

	test("does what the kernel does", () => {
		const name = fc
			.array(fc.constantFrom("a", "b"), { minLength: 1, maxLength: 3 })
			.map((it) => it.join("/"));
		const step = fc.record({
			kind: fc.constantFrom("mkdir", "writeFile", "rename", "rename"),
			name,
			to: name,
		});
		fc.assert(
			fc.property(fc.array(step, { maxLength: 20 }), (steps) => {
				const folder = mkdtempSync(path.join(tmpdir(), "composefs-rename-"));
				const at = (file: string) => path.join(folder, file);
				const tree = new Tree();
				try {
					for (const { kind, name: from, to } of steps) {
						if (kind === "mkdir")
							expect(fails(() => tree.mkdir(from))).toBe(fails(() => mkdirSync(at(from))));
						else if (kind === "writeFile")
							expect(fails(() => tree.writeFile(from, Buffer.from("x")))).toBe(
								fails(() => writeFileSync(at(from), "x")),
							);
						else expect(fails(() => tree.rename(from, to))).toBe(fails(() => renameSync(at(from), at(to))));
						expect(listing(tree)).toEqual(listingOf(folder));
					}
				} finally {
					rmSync(folder, { recursive: true });
				}
			}),
			{ numRuns: 200 },
		);
	});
});

function fails(action: () => unknown): boolean {
	try {
		action();
		return false;
	} catch {
		return true;
	}
}

function listing(tree: Tree): string[] {
	const names = Array.from(tree.walk(), ({ path: at, inode }) => `${at.slice(1)} ${inode.type}`);
	return names.slice(1).sort();
}

function listingOf(folder: string): string[] {
	const names = readdirSync(folder, { recursive: true }) as string[];
	return names.map((at) => `${at} ${statSync(path.join(folder, at)).isFile() ? "file" : "directory"}`).sort();
}
