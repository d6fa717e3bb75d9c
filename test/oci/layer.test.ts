import { expect, test } from "@jest/globals";
import { file } from "../../src/inode.ts";
import { LAYER_LIMITS, layerOf, readLayer } from "../../src/oci/layer.ts";
import { Tree } from "../../src/tree.ts";
import { entries, lines } from "../support/layers.ts";
import { expectGivenUp } from "../support/stuck.ts";

test("entries come from an array or from an async iterable", async () => {
	async function* later() {
		yield* entries("a", "b");
	}
	for (const source of [entries("a", "b"), later()])
		expect(lines(new Tree((await readLayer(source)).root))).toEqual(["a", "b"]);
});

test("a layer that is one already is taken as it is", async () => {
	const layer = await readLayer(entries("a"));
	expect(await layerOf(layer, {})).toBe(layer);
	expect((await layerOf(entries("a"), {})).root).toEqual(layer.root);
});

test("what the entries throw ends it, and they are told", async () => {
	let closed = false;
	async function* failing() {
		try {
			yield* entries("a", "../b");
		} finally {
			closed = true;
		}
	}
	await expect(readLayer(failing())).rejects.toMatchObject({ rule: "entry-name" });
	expect(closed).toBe(true);
});

test("has limits", async () => {
	await expect(readLayer(entries("a", "b"), { limits: { entries: 1 } })).rejects.toMatchObject({
		rule: "entry-count",
	});
	expect(LAYER_LIMITS.entries).toBe(5_000_000);
	await expect(readLayer(entries("a", "b"), { limits: { metadata: 1 } })).rejects.toMatchObject({
		rule: "metadata-size",
	});
});

test("bug: entries that are waited for were not given up when the signal aborted", async () => {
	const entry = { name: "file", inode: file() };
	await expectGivenUp([entry], (source, signal) => readLayer(source, { signal }));
});

test("a signal stops it between entries", async () => {
	const controller = new AbortController();
	async function* endless() {
		for (let number = 0; ; number++) {
			if (number === 1000) controller.abort(new Error("enough"));
			yield { name: `a${number}`, linkName: "x" };
		}
	}
	await expect(readLayer(endless(), { signal: controller.signal })).rejects.toThrow("enough");
});
