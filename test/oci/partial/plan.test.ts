import { describe, expect, test } from "@jest/globals";
import type { BlobSource } from "../../../src/blob.ts";
import { type ContentStore, planPull, pullImage } from "../../../src/oci/index.ts";
import { ObjectStore } from "../../../src/store/index.ts";
import { chunkedImage, chunkedLayer, withBlob } from "../../support/chunked-layer.ts";
import { expectGivenUp } from "../../support/stuck.ts";
import { useTemporaryFolder } from "../../support/temporary.ts";

const temporary = useTemporaryFolder();
const a = { name: "a", content: Buffer.alloc(5000, "a") };
const b = { name: "b", content: Buffer.alloc(7000, "b") };
const copy = { name: "copy", content: a.content };

describe("a plan", () => {
	const first = chunkedLayer([a, copy], { format: "zstd:chunked" });
	const second = chunkedLayer([a, b], { format: "estargz" });
	const plain = { ...second, descriptor: { ...second.descriptor, annotations: new Map<string, string>() } };

	test("tells what a pull fetches, and fetches none of it", async () => {
		const image = chunkedImage(first, second, plain);
		const plan = await planPull(image, { store: {} });
		const [lower, upper, whole] = plan.layers;
		expect(lower).toMatchObject({ partial: true, files: 2, missing: 1, bytes: 5000, requests: 1 });
		expect(lower?.ranges).toEqual([{ start: first.offsets.get("a"), end: expect.any(Number) }]);
		expect(upper).toMatchObject({ partial: true, files: 2, missing: 1, bytes: 7000, requests: 1 });
		const { size } = plain.descriptor;
		expect(whole).toMatchObject({
			partial: false,
			fetched: size,
			saved: 0,
			ranges: [{ start: 0, end: size }],
		});
		for (const layer of plan.layers) expect(layer.fetched + layer.saved).toBe(layer.size);
		expect(plan).toMatchObject({ files: 4, missing: 2, bytes: 12_000, requests: 3 });
		await using store = await ObjectStore.open(temporary("store"), { sync: "never" });
		const came: number[] = [];
		await pullImage(image, {
			store,
			onProgress: ({ layer, bytes }) => {
				came[layer] = bytes;
			},
		});
		expect(came).toEqual(plan.layers.map(({ fetched }) => fetched));
		expect(await planPull(chunkedImage(first, second), { store })).toMatchObject({
			files: 4,
			missing: 0,
			fetched: 0,
			requests: 0,
			saved: first.descriptor.size + second.descriptor.size,
		});
	});

	test.each([0, -1, 1.5, Number.NaN])("bug: with parallel %d it never ended", async (parallel) => {
		const plan = planPull(chunkedImage(first), { store: {}, parallel });
		await expect(plan).rejects.toMatchObject({ code: "ERR_COMPOSEFS_ARGUMENT", rule: "parallel" });
	});

	test("says why a table is not used, and stops with its signal", async () => {
		const refused = chunkedLayer([a], {
			format: "estargz",
			change: ([file]) => Object.assign(file as object, { uid: -1 }),
		});
		const plan = await planPull(chunkedImage(refused), { store: {} });
		expect(plan.layers).toMatchObject([
			{ partial: false, refusal: { code: "ERR_COMPOSEFS_TOC", rule: "integer" } },
		]);
		const signal = AbortSignal.abort(new Error("enough"));
		await expect(planPull(chunkedImage(first), { store: {}, signal })).rejects.toThrow("enough");
	});

	test.each([undefined, {}, { store: "folder" }])("needs a store: %j is none", async (options) => {
		await expect(planPull(chunkedImage(first), options as never)).rejects.toMatchObject({
			code: "ERR_COMPOSEFS_ARGUMENT",
		});
	});

	test.each([undefined, {}, "image"])("needs an image: %j is none", async (image) => {
		await expect(planPull(image as never, { store: {} })).rejects.toMatchObject({
			code: "ERR_COMPOSEFS_ARGUMENT",
		});
	});

	test("ends with its signal while a table is waited for", async () => {
		await expectGivenUp([Buffer.alloc(1)], (source, signal) => {
			const read: BlobSource["read"] = (options) => {
				expect(options?.signal).toBeInstanceOf(AbortSignal);
				return source as AsyncIterable<Uint8Array>;
			};
			return planPull(chunkedImage(withBlob(first, { read })), { store: {}, signal });
		});
	});

	test("tells the store of its signal", async () => {
		const { signal } = new AbortController();
		const told: unknown[] = [];
		const find: ContentStore["find"] = async (_names, options) => {
			told.push(options.signal);
			return [];
		};
		await planPull(chunkedImage(first), { store: { find }, signal });
		expect(told).toEqual([signal]);
	});

	test("has the limits of a pull", async () => {
		const limited = planPull(chunkedImage(first), { store: {}, limits: { fileSize: 4999 } });
		await expect(limited).rejects.toMatchObject({ rule: "file-size", path: "a", limit: 4999 });
		const { layers } = await planPull(chunkedImage(first), { store: {}, limits: { entries: 1 } });
		expect(layers).toMatchObject([{ partial: false, refusal: { code: "ERR_COMPOSEFS_TOC" } }]);
		// Two files of 5,000 bytes.
		const just = { fileSize: 5000, layerSize: 10_000 };
		expect(await planPull(chunkedImage(first), { store: {}, limits: just })).toMatchObject({ files: 2 });
	});

	test("fails where the way to the table does", async () => {
		const failing = withBlob(first, {
			read: () => {
				throw new Error("no way");
			},
		});
		await expect(planPull(chunkedImage(failing), { store: {} })).rejects.toThrow("no way");
	});
});
