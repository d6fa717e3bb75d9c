import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { copyTree } from "../../src/copy-tree.ts";
import { directory, file, type Inode, isOpaque, isWhiteout } from "../../src/inode.ts";
import { changedAttributes } from "../../src/inode-changes.ts";
import { applyLayer } from "../../src/oci/apply.ts";
import { Contents } from "../../src/oci/contents.ts";
import { diffLayer } from "../../src/oci/diff-layer.ts";
import { type Layer, readLayer } from "../../src/oci/layer.ts";
import { tarLayer } from "../../src/oci/tar-layer.ts";
import { ObjectStore } from "../../src/store/store.ts";
import { readTar } from "../../src/tar/read.ts";
import { writeTar } from "../../src/tar/write.ts";
import { Tree } from "../../src/tree.ts";
import { arbitraryTree } from "../support/arbitrary-tree.ts";
import { contentIn, makeArchivable } from "../support/archivable-tree.ts";
import { arbitraryChanges, changedTree } from "../support/changed-tree.ts";
import { deepDirectory } from "../support/deep-directory.ts";
import { describeTree } from "../support/described-tree.ts";
import { flat, overlay } from "../support/layer-model.ts";
import { lines } from "../support/layers.ts";
import { useTemporaryFolder } from "../support/temporary.ts";

const temporary = useTemporaryFolder();
let store: ObjectStore;
beforeEach(async () => {
	store = await ObjectStore.open(temporary("objects"), { sync: "never" });
});
afterEach(() => store.close());

/** A tree of layers, as whoever reads its archive finds it. */
async function asRead(tree: Tree): Promise<Layer> {
	const contents = new Contents(store);
	const layer = await readLayer(tarLayer(readTar(writeTar(tree, { store })), contents, 2 ** 40));
	await contents.settled();
	await store.flush();
	return layer;
}

/** Whether each was as the other once the layer between them was written, read, and put over the first. */
async function expectPair(before: Tree, after: Tree): Promise<void> {
	const [was, expected] = [await describeTree(before, contents()), await describeTree(after, contents())];
	let layer: Tree;
	try {
		layer = await diffLayer(before, after);
	} catch (error) {
		const { rule, path } = error as { rule?: string; path?: string };
		const inode = after.get(path ?? "");
		if (inode?.type === "directory") expect([rule, isOpaque(inode)]).toEqual(["opaque-data", true]);
		else expect([rule, inode && isWhiteout(inode)]).toEqual(["whiteout-data", true]);
		return;
	}
	const result = await applyLayer(before, await asRead(layer));
	expect(await describeTree(result, contents())).toEqual(expected);
	expect(await describeTree(before, contents())).toEqual(was);
	expect(lines(layer).filter((line) => line.includes(".wh."))).toEqual([]);
}

const contents = () => contentIn(store);

describe("the layer of a difference, written, read and applied, makes the one tree of the other", () => {
	test("of a tree and what became of it", async () => {
		await fc.assert(
			fc.asyncProperty(arbitraryTree(), arbitraryChanges, async (arbitrary, changes) => {
				const before = await makeArchivable(arbitrary, store);
				await expectPair(before, await changedTree(before, changes));
			}),
			{ numRuns: 150 },
		);
	});

	test("of any two trees", async () => {
		const trees = arbitraryTree({ whiteouts: false });
		await fc.assert(
			fc.asyncProperty(trees, trees, async (before, after) => {
				await expectPair(await makeArchivable(before, store), await makeArchivable(after, store));
			}),
			{ numRuns: 60 },
		);
	});

	test("and stacked by overlayfs shows it", async () => {
		const trees = arbitraryTree({ whiteouts: false });
		await fc.assert(
			fc.asyncProperty(trees, arbitraryChanges, async (before, changes) => {
				const after = await changedTree(before, changes);
				const layer = await diffLayer(before, after).catch(() => undefined);
				fc.pre(layer !== undefined);
				const shown = overlay(flat(before), flat(layer as Tree));
				expect([...shown.keys()].sort()).toEqual([...flat(after).keys()].sort());
				for (const [path, inode] of flat(after))
					expect(changedAttributes(shown.get(path) as Inode, inode)).toEqual([]);
			}),
		);
	});

	test("of trees that share inodes and directories", async () => {
		await fc.assert(
			fc.asyncProperty(arbitraryTree(), arbitraryChanges, async (arbitrary, changes) => {
				const before = await makeArchivable(arbitrary, store);
				const changed = await changedTree(before, changes);
				const layer = await diffLayer(before, changed).catch(() => undefined);
				fc.pre(layer !== undefined);
				await expectPair(before, await applyLayer(before, await asRead(layer as Tree)));
			}),
			{ numRuns: 40 },
		);
	});
});

function sample(): Tree {
	const tree = new Tree(directory({ mode: 0o700 }));
	tree.mkdir("/etc", { mode: 0o711, mtime: 5 });
	tree.writeFile("/etc/motd", Buffer.from("hello"));
	tree.writeFile("/etc/issue", Buffer.from("issue"));
	tree.mkdir("/usr/lib", { recursive: true });
	tree.writeFile("/usr/lib/a", Buffer.from("a"));
	tree.link("/usr/lib/a", "/usr/lib/b");
	return tree;
}

async function layerLines(change: (tree: Tree) => void): Promise<string[]> {
	const after = sample();
	change(after);
	return lines(await diffLayer(sample(), after));
}

describe("diffLayer", () => {
	test.each<[string, (tree: Tree) => void, string[]]>([
		["nothing", () => {}, []],
		["a new file", (tree) => tree.writeFile("/etc/x", Buffer.from("1")), ["etc/", "etc/x: 1"]],
		["another content", (tree) => tree.writeFile("/etc/motd", Buffer.from("2")), ["etc/", "etc/motd: 2"]],
		["a file gone", (tree) => tree.rm("/etc/motd"), ["etc/", "etc/motd (0:0)"]],
		["a directory gone", (tree) => tree.rm("/usr", { recursive: true }), ["usr (0:0)"]],
		[
			"a directory's mode",
			(tree) => Object.assign(tree.get("/usr/lib") ?? {}, { mode: 0 }),
			["usr/", "usr/lib/"],
		],
		[
			"a file for a directory",
			(tree) => {
				tree.rm("/usr", { recursive: true });
				tree.writeFile("/usr", Buffer.from("x"));
			},
			["usr: x"],
		],
		[
			"a directory for a file",
			(tree) => {
				tree.rm("/etc/motd");
				tree.mkdir("/etc/motd/d", { recursive: true });
			},
			["etc/", "etc/motd/", "etc/motd/d/"],
		],
		["one name less", (tree) => tree.rm("/usr/lib/a"), ["usr/", "usr/lib/", "usr/lib/a (0:0)"]],
		[
			"one name more",
			(tree) => tree.link("/usr/lib/a", "/etc/c"),
			["etc/", "etc/c: a", "usr/", "usr/lib/", "usr/lib/a = etc/c", "usr/lib/b = etc/c"],
		],
		[
			"two files of what was one",
			(tree) => {
				tree.writeFile("/usr/lib/b", Buffer.from("a"));
			},
			["usr/", "usr/lib/", "usr/lib/b: a"],
		],
	])("has of %s", async (_title, change, expected) => {
		expect(await layerLines(change)).toEqual(expected);
	});

	test("leaves directories that something changed in as they are, the root too", async () => {
		const after = sample();
		after.rm("/etc/motd");
		const layer = await diffLayer(sample(), after);
		expect(layer.root.mode).toBe(0o700);
		expect(layer.get("/etc")).toMatchObject({ mode: 0o711, mtimeNs: 5_000_000_000n });
		expect(layer.get("/etc")).not.toBe(after.get("/etc"));
	});

	test("has xattrs of directories that can be changed without those of the tree", async () => {
		const after = sample();
		after.mkdir("/new", { xattrs: [["user.a", Buffer.from("1")]] });
		const layer = await diffLayer(sample(), after);
		layer.get("/new")?.xattrs?.clear();
		expect(after.get("/new")?.xattrs?.size).toBe(1);
	});

	test("is the same however the tree was made", async () => {
		const [one, other] = [sample(), sample()];
		const split = ["/usr/lib/a", "/usr/lib/b"];
		for (const path of split) one.writeFile(path, Buffer.from("a"));
		for (const path of split.reverse()) {
			other.rm(path);
			other.writeFile(path, Buffer.from("a"));
		}
		const layers = [await diffLayer(sample(), one), await diffLayer(sample(), other)];
		expect(layers.map(lines)).toEqual([
			["usr/", "usr/lib/", "usr/lib/b: a"],
			["usr/", "usr/lib/", "usr/lib/b: a"],
		]);
	});

	test("refuses whiteouts and opaque directories that are data, where they would come into the layer", async () => {
		const before = sample();
		before.whiteout("/etc/gone");
		const opaque = [["trusted.overlay.opaque", Buffer.from("y")]] as const;
		before.mkdir("/opaque", { xattrs: opaque });
		const after = await copyTree(before);
		after.writeFile("/etc/x", Buffer.from("x"));
		expect(lines(await diffLayer(before, after))).toEqual(["etc/", "etc/x: x"]);
		const whiteout = await copyTree(before);
		whiteout.whiteout("/etc/motd");
		await expect(diffLayer(before, whiteout)).rejects.toMatchObject({
			code: "ERR_COMPOSEFS_OCI",
			rule: "whiteout-data",
			path: "/etc/motd",
		});
		after.writeFile("/opaque/x", Buffer.from("x"));
		await expect(diffLayer(before, after)).rejects.toMatchObject({
			code: "ERR_COMPOSEFS_OCI",
			rule: "opaque-data",
			path: "/opaque",
		});
	});

	test("takes trees as deep as there may be", async () => {
		const { root, deepest } = deepDirectory();
		const before = new Tree(root);
		const after = await copyTree(before);
		deepest.children.set("gone", file());
		let last = (await diffLayer(before, after)).root;
		for (let below = [...last.children.values()][0]; below?.type === "directory"; ) {
			last = below;
			below = [...last.children.values()][0];
		}
		expect([...last.children]).toMatchObject([["gone", { type: "character-device" }]]);
	});

	test.each([[{}, new Tree()] as const, [new Tree(), undefined] as const])(
		"refuses what is no tree: %#",
		async (before, after) => {
			await expect(diffLayer(before as Tree, after as Tree)).rejects.toMatchObject({
				code: "ERR_COMPOSEFS_ARGUMENT",
			});
		},
	);

	test("ends with the signal", async () => {
		const reason = new Error("enough");
		const diff = diffLayer(sample(), sample(), { signal: AbortSignal.abort(reason) });
		await expect(diff).rejects.toBe(reason);
	});
});
