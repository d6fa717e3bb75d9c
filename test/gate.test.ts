import { describe, expect, test } from "@jest/globals";
import { ComposefsError } from "../src/errors.ts";
import { firstViolation, type GateVisitor, gatedWalk, validate } from "../src/gate.ts";
import { directory, fifo, file, type Inode, whiteout } from "../src/inode.ts";
import { Tree } from "../src/tree.ts";
import { writeImage } from "../src/write.ts";
import { BROKEN_INODES } from "./support/broken-inodes.ts";
import {
	BROKEN_NAMES,
	BROKEN_ROOTS,
	BROKEN_SHAPES,
	BROKEN_XATTRS,
	type BrokenTree,
} from "./support/broken-trees.ts";
import { manyFiles } from "./support/many-files.ts";

const facts = (error: unknown) => {
	expect(error).toBeInstanceOf(ComposefsError);
	const { name, ...fields } = { ...(error as ComposefsError) };
	return { ...fields, message: (error as ComposefsError).message };
};

function built({ build }: BrokenTree): Tree {
	const tree = new Tree();
	build(tree);
	return tree;
}

describe.each([
	["names", BROKEN_NAMES],
	["inodes", BROKEN_INODES],
	["xattrs", BROKEN_XATTRS],
	["shapes", BROKEN_SHAPES],
	["roots", BROKEN_ROOTS],
])("refused %s", (_kind, cases) => {
	test.each(cases)("$title", async (broken) => {
		expect(validate(built(broken)).map(facts)).toEqual([broken.error]);
		const refused = await writeImage(built(broken)).catch((error) => error);
		expect(facts(refused)).toEqual(broken.error);
	});
});

describe("validate", () => {
	test("says nothing of a tree that can be written", () => {
		const tree = new Tree();
		tree.writeFile("/a", { size: 1, digest: "a".repeat(64), path: "x" });
		tree.link("/a", "/b");
		tree.whiteout("/c");
		expect(validate(tree)).toEqual([]);
	});

	test("tells of all that is wrong, in the order of a walk", () => {
		const tree = new Tree();
		tree.mkdir("/d", { uid: -1 });
		tree.writeFile("/f", { size: 1, digest: "no" });
		tree.root.children.set("..", file());
		tree.root.children.set("l", tree.root);
		const found = validate(tree).map(({ rule, path }) => [rule, path]);
		expect(found).toEqual([
			["uid", "/d"],
			["digest", "/f"],
			["name-dot", "/.."],
			["cycle", "/l"],
		]);
	});

	test("does not look below what it refuses", () => {
		const tree = new Tree();
		tree.mkdir("/d", { gid: 0.5 });
		tree.mkdir("/d/e", { gid: 0.5 });
		expect(validate(tree)).toHaveLength(1);
	});

	test("an inode that is wrong is told of under each of its names", () => {
		const tree = new Tree();
		const wrong = file({ size: -1 });
		tree.root.children.set("a", wrong).set("b", wrong);
		expect(validate(tree).map(({ path }) => path)).toEqual(["/a", "/b"]);
	});

	test("what is no rule's violation comes through as it is", () => {
		const root = directory();
		Object.defineProperty(root, "mode", {
			get: () => {
				throw new RangeError("a getter");
			},
		});
		expect(() => validate(new Tree(root))).toThrow(RangeError);
	});
});

describe("gatedWalk", () => {
	function walked(tree: Tree) {
		const told: unknown[] = [];
		const names: Inode[] = [];
		const visitor: GateVisitor = {
			inode: (name, inode) => {
				told.push(name);
				names.push(inode);
			},
			link: (name, target) => {
				told.push([name, target]);
				names.push(names[target] as Inode);
			},
			whiteout: (whiteout, isRedundant) => told.push({ whiteout, isRedundant }),
		};
		const steps = [...gatedWalk(tree, visitor)].length;
		return { told, steps };
	}

	test("numbers all names, and gives a directory's children together, then what is below them", () => {
		const tree = new Tree();
		tree.mkdir("/b");
		tree.mkdir("/a");
		tree.writeFile("/f", Buffer.from("x"));
		tree.link("/f", "/a/g");
		tree.mkdir("/b/c");
		tree.link("/f", "/b/c/h");
		tree.mkdir("/a/d");
		tree.link("/f", "/a/d/i");
		expect(walked(tree).told).toEqual(["", "b", "a", "f", ["g", 3], "d", ["i", 3], "c", ["h", 3]]);
	});

	test("takes directories as they came if the name of one is not ASCII", () => {
		const tree = new Tree();
		for (const name of ["b", "\u00e9", "a"]) tree.mkdir(`/${name}/in-${name}`, { recursive: true });
		expect(walked(tree).told).toEqual(["", "b", "\u00e9", "a", "in-b", "in-\u00e9", "in-a"]);
	});

	test("yields for every 256 names", () => {
		const tree = new Tree();
		for (let i = 0; i < 1023; i++) tree.root.children.set(`f${i}`, file());
		expect(walked(tree).steps).toBe(4);
	});

	test("tells of whiteouts, and which are in opaque directories", () => {
		const tree = new Tree();
		for (const [name, value] of [
			["opaque", "y"],
			["not", "x"],
			["long", "yes"],
			["empty", ""],
		] as const) {
			const xattrs = [["trusted.overlay.opaque", Buffer.from(value)]] as const;
			tree.mkdir(name, { xattrs }).children.set("gone", whiteout()).set("there", file());
		}
		tree.root.children.set("gone", whiteout());
		expect(walked(tree).told.filter((item) => typeof item === "object")).toEqual([
			...["/gone", "/empty/gone", "/long/gone", "/not/gone"].map((whiteout) => ({
				whiteout,
				isRedundant: false,
			})),
			{ whiteout: "/opaque/gone", isRedundant: true },
		]);
	});
});

test("bug: what the addon refuses was looked for all at once, and for all that is wrong", () => {
	const tree = manyFiles(50_000);
	tree.writeFile("/99/a", { size: 1, digest: "Z".repeat(64) });
	tree.writeFile("/99/b", { size: 1, digest: "Z".repeat(64) });
	const steps = firstViolation(tree);
	let count = 0;
	const walk = () => {
		while (!steps.next().done) count++;
	};
	expect(walk).toThrow(expect.objectContaining({ rule: "digest", path: "/99/a" }));
	expect(count).toBeGreaterThan(0);
	expect(steps.next().done).toBe(true);
});

test("bug: what an inode threw when it was looked at was lost, for there was no path yet to tell it with", () => {
	const tree = new Tree();
	const thrown = new Error("not now");
	const inode = Object.defineProperty(file(), "type", {
		get: () => {
			throw thrown;
		},
	});
	tree.root.children.set("a", inode);
	expect(() => validate(tree)).toThrow(thrown);
});

test("a further name of an inode is a name too", () => {
	const tree = new Tree();
	const linked = fifo();
	tree.root.children.set("a", linked).set("b/c", linked);
	expect(validate(tree)).toMatchObject([{ code: "ERR_COMPOSEFS_NAME", rule: "name-slash" }]);
});

test("a file with content has no object beside it", () => {
	const tree = new Tree();
	tree.root.children.set("f", { ...file(new Uint8Array(1)), path: "ab/cd" } as never);
	expect(validate(tree)).toMatchObject([{ rule: "content", path: "/f" }]);
});
