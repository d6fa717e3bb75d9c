import { describe, expect, test } from "@jest/globals";
import { diff } from "../src/diff.ts";
import { ComposefsError } from "../src/errors.ts";
import { validate } from "../src/gate.ts";
import { device, directory, NO_BYTES } from "../src/inode.ts";
import { Tree } from "../src/tree.ts";

/** /a/b is a file, /a/l a symlink to it. */
function smallTree(): Tree {
	const tree = new Tree();
	tree.mkdir("/a");
	tree.writeFile("/a/b", Buffer.from("b"));
	tree.symlink("b", "/a/l");
	return tree;
}

const system = (code: string, path: string) =>
	expect.objectContaining({ code, path, name: "ComposefsError" });

describe("get", () => {
	const tree = smallTree();

	test.each(["/a/b", "a/b", "//a//b", "/a/b/", Buffer.from("/a/b")])("%s is the file", (path) => {
		expect(tree.get(path)?.type).toBe("file");
	});

	test.each(["/", "", "///"])("%j is the root", (path) => {
		expect(tree.get(path)).toBe(tree.root);
	});

	test.each(["/x", "/a/b/c", "/a/l/b", "/x/y"])("nothing is at %s", (path) => {
		expect(tree.get(path)).toBeUndefined();
	});

	test.each(["/.", "/a/../a/b", "..", "/a/./b"])("%s is refused", (path) => {
		expect(() => tree.get(path)).toThrow(
			expect.objectContaining({ code: "ERR_COMPOSEFS_NAME", rule: "name-dot", path }),
		);
	});

	test("names that are not UTF-8 are found by their bytes", () => {
		const odd = new Tree();
		odd.mkdir(Uint8Array.of(0x2f, 0xe9));
		expect(odd.get(Uint8Array.of(0xe9))).toBe(odd.root.children.get("\udce9"));
	});
});

describe("mkdir", () => {
	test("makes a directory with its metadata", () => {
		const tree = new Tree();
		const made = tree.mkdir("/d", { mode: 0o700, uid: 1 });
		expect(tree.get("/d")).toBe(made);
		expect(made).toMatchObject({ type: "directory", mode: 0o700, uid: 1 });
	});

	test.each([
		["/a", "EEXIST"],
		["/", "EEXIST"],
		["/x/y", "ENOENT"],
		["/a/b/c", "ENOTDIR"],
		["/a/l/c", "ENOTDIR"],
	])("%s: %s", (path, code) => {
		expect(() => smallTree().mkdir(path)).toThrow(system(code, path));
	});

	test("recursive makes what is missing, and leaves what is there", () => {
		const tree = smallTree();
		const a = tree.get("/a");
		const made = tree.mkdir("/a/x/y", { recursive: true, mode: 0o711 });
		expect(tree.get("/a")).toBe(a);
		expect(tree.get("/a/x")?.mode).toBe(0o711);
		expect(tree.get("/a/x/y")).toBe(made);
		expect(tree.mkdir("/a/x", { recursive: true })).toBe(tree.get("/a/x"));
		expect(tree.mkdir("/", { recursive: true })).toBe(tree.root);
	});

	test("bug: pairs of xattrs that come but once were the first directory's alone", () => {
		const tree = new Tree();
		const pairs = new Map([["user.a", Uint8Array.of(1)]]).entries();
		tree.mkdir("/a/b", { recursive: true, xattrs: pairs });
		expect([tree.get("/a"), tree.get("/a/b")].map((inode) => inode?.xattrs?.size)).toEqual([1, 1]);
	});

	test("recursive does not go through a file", () => {
		expect(() => smallTree().mkdir("/a/b/c", { recursive: true })).toThrow(system("ENOTDIR", "/a/b/c"));
	});
});

describe("files, links and nodes", () => {
	test("writeFile replaces a file, not a directory", () => {
		const tree = smallTree();
		const made = tree.writeFile("/a/b", { size: 9 });
		expect(tree.get("/a/b")).toBe(made);
		tree.writeFile("/a/l", NO_BYTES);
		expect(tree.get("/a/l")?.type).toBe("file");
		expect(() => tree.writeFile("/a", NO_BYTES)).toThrow(system("EISDIR", "/a"));
		expect(() => tree.writeFile("/x/y", NO_BYTES)).toThrow(system("ENOENT", "/x/y"));
	});

	test("writeFile leaves the other names of what it replaces", () => {
		const tree = smallTree();
		const old = tree.link("/a/b", "/a/c");
		tree.writeFile("/a/b", NO_BYTES);
		expect(tree.get("/a/c")).toBe(old);
		expect(tree.get("/a/b")).not.toBe(old);
	});

	test("symlink takes the target first, as node:fs does", () => {
		const tree = smallTree();
		expect(tree.symlink("anywhere", "/s")).toMatchObject({ type: "symlink", target: "anywhere" });
		expect(() => tree.symlink("anywhere", "/s")).toThrow(system("EEXIST", "/s"));
	});

	test("link gives one inode a further name", () => {
		const tree = smallTree();
		expect(tree.link("/a/b", "/c")).toBe(tree.get("/a/b"));
		expect(tree.get("/c")).toBe(tree.get("/a/b"));
		expect(tree.link("/a/l", "/m")).toBe(tree.get("/a/l"));
	});

	test.each([
		["/x", "/y", "ENOENT", "/x"],
		["/a", "/y", "EPERM", "/a"],
		["/a/b", "/a/l", "EEXIST", "/a/l"],
		["/a/b", "/x/y", "ENOENT", "/x/y"],
	])("link %s %s: %s", (from, to, code, path) => {
		expect(() => smallTree().link(from, to)).toThrow(system(code, path));
	});

	test("bug: link gave a whiteout a further name, which writing then refused", () => {
		const tree = smallTree();
		tree.whiteout("/gone");
		expect(() => tree.link("/gone", "/y")).toThrow(system("EPERM", "/gone"));
	});

	test("mknod makes devices, fifos and sockets", () => {
		const tree = new Tree();
		tree.mknod("/c", "character-device", { major: 1, minor: 3 }, { mode: 0o666 });
		tree.mknod("/p", "fifo", { uid: 4 });
		tree.mknod("/s", "socket");
		expect(tree.get("/c")).toMatchObject({
			type: "character-device",
			rdev: { major: 1, minor: 3 },
			mode: 0o666,
		});
		expect(tree.get("/p")).toMatchObject({ type: "fifo", uid: 4 });
		expect(tree.get("/s")).toMatchObject({ type: "socket" });
	});

	test("bug: mknod took an inode for a type, and the error of writing it was one of V8", async () => {
		const tree = new Tree();
		const inode = device("character-device", { major: 1, minor: 3 });
		for (const type of [inode, "file", "pipe"])
			expect(() => tree.mknod("/null", type as never)).toThrow("mknod makes devices, fifos and sockets");
		tree.root.children.set("null", { ...inode, type: inode as never });
		expect(validate(tree)).toMatchObject([
			{ rule: "type", message: expect.stringContaining("unknown type object") },
		]);
	});

	test("whiteout replaces what is there", () => {
		const tree = smallTree();
		const made = tree.whiteout("/a");
		expect(tree.get("/a")).toBe(made);
		expect(made).toMatchObject({ type: "character-device", rdev: { major: 0, minor: 0 } });
		expect(() => tree.whiteout("/")).toThrow(system("EEXIST", "/"));
	});
});

describe("rm", () => {
	test("removes a name", () => {
		const tree = smallTree();
		tree.rm("/a/b");
		expect(tree.readdir("/a")).toEqual(["l"]);
	});

	test("removes a directory only if it may", () => {
		const tree = smallTree();
		expect(() => tree.rm("/a")).toThrow(system("EISDIR", "/a"));
		tree.rm("/a", { recursive: true });
		expect(tree.readdir("/")).toEqual([]);
	});

	test("nothing there is an error, unless forced", () => {
		expect(() => smallTree().rm("/x")).toThrow(system("ENOENT", "/x"));
		smallTree().rm("/x", { force: true });
	});

	test("the root stays", () => {
		expect(() => smallTree().rm("/", { recursive: true })).toThrow(system("EPERM", "/"));
	});
});

describe("readdir and walk", () => {
	const unsorted = () => {
		const tree = new Tree();
		for (const name of ["b", "\uffee", "a", "😀", "Z"]) tree.mkdir(name);
		tree.mkdir("/a/2");
		tree.mkdir("/a/10");
		return tree;
	};

	test("readdir is in the order of the bytes", () => {
		expect(unsorted().readdir("/")).toEqual(["Z", "a", "b", "\uffee", "😀"]);
	});

	test("readdir says what is no directory", () => {
		expect(() => smallTree().readdir("/a/b")).toThrow(system("ENOTDIR", "/a/b"));
		expect(() => smallTree().readdir("/x")).toThrow(system("ENOENT", "/x"));
	});

	test("walk gives parents first, siblings in the order of their bytes", () => {
		const paths = Array.from(unsorted().walk(), ({ path }) => path);
		expect(paths).toEqual(["/", "/Z", "/a", "/a/10", "/a/2", "/b", "/\uffee", "/😀"]);
	});

	test("walk begins where it is told", () => {
		const tree = smallTree();
		expect([...tree.walk("a")]).toEqual([
			{ path: "/a", inode: tree.get("/a") },
			{ path: "/a/b", inode: tree.get("/a/b") },
			{ path: "/a/l", inode: tree.get("/a/l") },
		]);
		expect(Array.from(tree.walk("/a/b"), ({ path }) => path)).toEqual(["/a/b"]);
		expect(() => [...tree.walk("/x")]).toThrow(system("ENOENT", "/x"));
	});

	test("walk meets an inode once for each name", () => {
		const tree = smallTree();
		tree.link("/a/b", "/z");
		const met = [...tree.walk()].filter(({ inode }) => inode === tree.get("/z"));
		expect(met.map(({ path }) => path)).toEqual(["/a/b", "/z"]);
	});

	test("walk goes deeper than a stack of calls could", () => {
		const root = directory();
		let at = root;
		for (let level = 0; level < 20_000; level++) {
			const below = directory();
			at.children.set("d", below);
			at = below;
		}
		let count = 0;
		for (const { inode } of new Tree(root).walk()) count += inode.type === "directory" ? 1 : 0;
		expect(count).toBe(20_001);
	});
});

test("structuredClone copies a tree, hard links and names of any bytes too", async () => {
	const tree = new Tree();
	tree.mkdir("/\udcff", { xattrs: [["user.a", Buffer.from("1")]] });
	tree.writeFile("/\udcff/file", Buffer.from("x"), { mtimeNs: -1n });
	tree.link("/\udcff/file", "/link");
	tree.symlink("\udcfe", "/symlink");
	const copy = new Tree(structuredClone(tree.root));
	expect(copy.get("/link")).toBe(copy.get("/\udcff/file"));
	expect(await diff(tree, copy)).toEqual([]);
	copy.rm("/link");
	expect(tree.get("/link")).toBeDefined();
});

test("an error of a path is worded as node:fs words it", () => {
	let caught: unknown;
	try {
		smallTree().mkdir("/x/y");
	} catch (error) {
		caught = error;
	}
	expect(caught).toBeInstanceOf(ComposefsError);
	expect(caught).toHaveProperty("message", "ENOENT: no such file or directory, /x/y");
});
