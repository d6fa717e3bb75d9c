import { describe, expect, test } from "@jest/globals";
import { isWhiteout } from "../../src/inode.ts";
import { applyLayer } from "../../src/oci/apply.ts";
import { readLayer } from "../../src/oci/layer.ts";
import { layerTree } from "../../src/oci/layer-tree.ts";
import { Tree } from "../../src/tree.ts";
import { entries, entry, lines } from "../support/layers.ts";

const opaque = (tree: Tree, path: string) => tree.get(path)?.xattrs?.get("trusted.overlay.opaque");
const YES = Buffer.from("y");

describe("a layer by itself", () => {
	test("has its whiteouts as devices 0:0, in implied directories", async () => {
		const tree = await layerTree(entries("a: 1", "d/e/.wh.x", ".wh.y"));
		expect(lines(tree)).toEqual(["a: 1", "d/", "d/e/", "d/e/x (0:0)", "y (0:0)"]);
		expect(tree.get("d/e/x")).toMatchObject({ mode: 0, uid: 0, gid: 0, mtimeNs: 0n });
		expect(tree.get("d")).toMatchObject({ mode: 0o755, xattrs: undefined });
	});

	test("has its opaque directories marked, and no whiteouts in them", async () => {
		const tree = await layerTree(entries("d/.wh.x", "d/a", "d/.wh..wh..opq", "d/e/.wh.y"));
		expect(lines(tree)).toEqual(["d/", "d/a"]);
		expect(opaque(tree, "d")).toEqual(YES);
	});

	test("hides a lower directory that it makes anew", async () => {
		const tree = await layerTree(entries("d/", "d/a", ".wh.d", ".wh.f", "f", "d/.wh.b"));
		expect(lines(tree)).toEqual(["d/", "d/a", "f"]);
		expect(opaque(tree, "d")).toEqual(YES);
	});

	test("needs no whiteouts below what replaces their directory", async () => {
		expect(lines(await layerTree(entries("d -> x", "d/.wh.a", "d/e/.wh..wh..opq")))).toEqual(["d -> x"]);
	});

	test("keeps the other xattrs of a directory, and changes no entry's", async () => {
		const [made] = entries("d/");
		const xattrs = new Map([["user.a", Uint8Array.of(1)]]);
		if (made?.inode !== undefined) made.inode.xattrs = xattrs;
		const tree = await layerTree([...(made === undefined ? [] : [made]), ...entries("d/.wh..wh..opq")]);
		expect(tree.get("d")?.xattrs?.size).toBe(2);
		expect(xattrs.size).toBe(1);
	});

	test("is made of a layer that is read, and leaves it alone", async () => {
		const layer = await readLayer(entries("d/a", "d/.wh.b", ".wh.c"));
		await layerTree(layer);
		expect(lines(new Tree(layer.root))).toEqual(["d/", "d/a"]);
	});
});

describe("what needs the layers below", () => {
	test("a hard link into them", async () => {
		const lower = await applyLayer(new Tree(), entries("a: 1"));
		const tree = await layerTree(entries("d/b = a", "c = d/b"), { lower });
		expect(lines(tree)).toEqual(["c: 1", "d/", "d/b = c"]);
		expect(tree.get("c")).toBe(lower.get("a"));
		await expect(layerTree(entries("d/b = a"))).rejects.toMatchObject({
			code: "ERR_COMPOSEFS_OCI",
			rule: "lower",
			path: "d/b",
		});
	});

	test("a hard link to what the layer takes away is refused with them, too", async () => {
		const lower = await applyLayer(new Tree(), entries("a: 1"));
		await expect(layerTree(entries("b = a", ".wh.a"), { lower })).rejects.toMatchObject({
			rule: "link-target",
		});
	});

	test("directories without an entry have the lower one's metadata, and marks hide what there is", async () => {
		const lower = await applyLayer(new Tree(), [
			entry("d/", { mode: 0o700 }),
			...entries("d/a", "e/f/g", "file"),
		]);
		const marks = entries("d/x", "d/.wh.a", "d/.wh.none", "e/f/.wh..wh..opq", "file/.wh.x", "none/.wh.y");
		const tree = await layerTree(marks, { lower });
		expect(lines(tree)).toEqual(["d/", "d/a (0:0)", "d/x", "e/", "e/f/"]);
		expect(tree.get("d")?.mode).toBe(0o700);
		expect(opaque(tree, "e/f")).toEqual(YES);
	});

	test("an opaque root: a whiteout for each lower name", async () => {
		const lower = await applyLayer(new Tree(), entries("a", "d/x", "e/"));
		const tree = await layerTree(entries(".wh..wh..opq", "d/y", "f"), { lower });
		expect(lines(tree)).toEqual(["a (0:0)", "d/", "d/y", "e (0:0)", "f"]);
		expect([opaque(tree, "d"), opaque(tree, "/")]).toEqual([YES, undefined]);
		expect([...lower.root.children.values()].some(isWhiteout)).toBe(false);
		await expect(layerTree(entries(".wh..wh..opq"))).rejects.toMatchObject({ rule: "lower", path: "/" });
	});
});
