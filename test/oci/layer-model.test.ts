import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { ComposefsError } from "../../src/errors.ts";
import type { Inode } from "../../src/inode.ts";
import { applyLayer } from "../../src/oci/apply.ts";
import type { LayerEntry } from "../../src/oci/layer.ts";
import { layerTree } from "../../src/oci/layer-tree.ts";
import { Tree } from "../../src/tree.ts";
import { arbitraryLayer } from "../support/arbitrary-layer.ts";
import { applyModel, type FlatTree, flat, overlay } from "../support/layer-model.ts";

/** What of each path can be compared: metadata of directories, and identity of all else. */
function comparable(tree: FlatTree): (string | Inode | number)[][] {
	return [...tree]
		.filter(([path]) => path !== "")
		.sort(([a], [b]) => (a < b ? -1 : 1))
		.map(([path, inode]) => [path, inode.type === "directory" ? inode.mode : inode]);
}

async function attempt(tree: Tree, layer: LayerEntry[]): Promise<Tree | undefined> {
	try {
		// Each run may change its directories.
		return await applyLayer(
			tree,
			layer.map((entry) => (entry.inode === undefined ? entry : { ...entry, inode: fresh(entry.inode) })),
		);
	} catch (error) {
		if (error instanceof ComposefsError) return undefined;
		throw error;
	}
}

function fresh(inode: Inode): Inode {
	return inode.type === "directory" ? { ...inode, children: new Map() } : inode;
}

const isMark = ({ name }: LayerEntry) => name.includes(".wh.");

describe("random layers", () => {
	test("give what the flat model gives", async () => {
		await fc.assert(
			fc.asyncProperty(fc.array(arbitraryLayer, { minLength: 1, maxLength: 4 }), async (layers) => {
				let tree = new Tree();
				for (const layer of layers) {
					const before = comparable(flat(tree));
					const expected = applyModel(flat(tree), layer);
					const result = await attempt(tree, layer);
					expect(result && comparable(flat(result))).toEqual(expected && comparable(expected));
					expect(comparable(flat(tree))).toEqual(before);
					tree = result ?? tree;
				}
			}),
			{ numRuns: 400 },
		);
	});

	test("give the same wherever their marks stand", async () => {
		await fc.assert(
			fc.asyncProperty(arbitraryLayer, arbitraryLayer, fc.boolean(), async (below, layer, first) => {
				const lower = (await attempt(new Tree(), below)) ?? new Tree();
				const marks = layer.filter(isMark);
				const others = layer.filter((entry) => !isMark(entry));
				const results = [
					await attempt(lower, layer),
					await attempt(lower, first ? [...marks, ...others] : [...others, ...marks.reverse()]),
				].map((tree) => tree && comparable(flat(tree)));
				expect(results[0]).toEqual(results[1]);
			}),
		);
	});

	test("stacked as overlayfs does, give the same", async () => {
		await fc.assert(
			fc.asyncProperty(arbitraryLayer, arbitraryLayer, async (below, layer) => {
				const lower = (await attempt(new Tree(), below)) ?? new Tree();
				const merged = await attempt(lower, layer);
				fc.pre(merged !== undefined);
				const upper = await layerTree(layer, { lower });
				const stacked = new Map(overlay(flat(lower), flat(upper)));
				expect(comparable(stacked)).toEqual(comparable(flat(merged as Tree)));
			}),
		);
	});
});
