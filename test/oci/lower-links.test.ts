import { expect, test } from "@jest/globals";
import { applyLayer } from "../../src/oci/apply.ts";
import { readLayer } from "../../src/oci/layer.ts";
import { resolveLinks } from "../../src/oci/lower-links.ts";
import { runInSlices } from "../../src/slices.ts";
import { Tree } from "../../src/tree.ts";
import { entries } from "../support/layers.ts";

test("stand-ins become the inodes that they stand for", async () => {
	const { root } = await applyLayer(new Tree(), entries("d/a: 1", "s -> d"));
	const layer = await readLayer(entries("x = d/a", "y = s"));
	const found = await runInSlices(resolveLinks(layer, root));
	expect([...found.values()]).toEqual([new Tree(root).get("d/a"), new Tree(root).get("s")]);
	expect([...found.keys()]).toEqual([...layer.root.children.values()]);
});

test.each(["s/a", "d", "gone", "d/a/b"])("%s cannot be linked to", async (target) => {
	const { root } = await applyLayer(new Tree(), entries("d/a: 1", "s -> d"));
	const layer = await readLayer(entries(`x = ${target}`));
	await expect(runInSlices(resolveLinks(layer, root))).rejects.toEqual(
		expect.objectContaining({ code: "ERR_COMPOSEFS_OCI", rule: "link-target", path: "x" }),
	);
});
