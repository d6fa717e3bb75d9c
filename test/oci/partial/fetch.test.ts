/** Layers by their tables of contents: what is fetched, and what is wrong with it. */
import { createHash, randomBytes } from "node:crypto";
import { describe, expect, test } from "@jest/globals";
import { type BlobSource, type ByteRange, bytesBlob } from "../../../src/blob.ts";
import type { ResolvedLayer } from "../../../src/oci/image.ts";
import { type LayerChoice, type PullOptions, type PullProgress, pullImage } from "../../../src/oci/pull.ts";
import { ObjectStore } from "../../../src/store/index.ts";
import type { Tree } from "../../../src/tree.ts";
import {
	type ChunkedFile,
	type ChunkedLayer,
	chunkedImage,
	chunkedLayer,
	withBlob,
} from "../../support/chunked-layer.ts";
import { lines } from "../../support/layers.ts";
import { listing } from "../../support/listing.ts";
import { useTemporaryFolder } from "../../support/temporary.ts";
import { zstdFrame } from "../../support/toc.ts";

const temporary = useTemporaryFolder();
const FORMATS = ["estargz", "zstd:chunked"] as const;
const bytes = (length: number, seed: number) => Buffer.alloc(length, `${seed} is a text that repeats. `);
const FILES: readonly ChunkedFile[] = [
	{ name: "empty", content: "" },
	{ name: "short", content: "short" },
	{ name: "limit", content: bytes(64, 1) },
	{ name: "a", content: bytes(65, 2) },
	{ name: "b", content: bytes(10_000, 3) },
	{ name: "again", content: bytes(10_000, 3) },
	{ name: "large", content: randomBytes(1_500_000) },
];

async function pull(
	layers: readonly ResolvedLayer[],
	options: Partial<PullOptions> = {},
	folder = "store",
): Promise<Tree> {
	await using store = await ObjectStore.open(temporary(folder), { sync: "never" });
	const tree = await pullImage(chunkedImage(...layers), { store, ...options });
	expect(await store.missing(tree)).toEqual([]);
	return tree;
}

/** A layer, and the ranges that are asked of its blob. */
function watched(layer: ChunkedLayer): { layer: ResolvedLayer; asked: (ByteRange | undefined)[] } {
	const asked: (ByteRange | undefined)[] = [];
	const read: BlobSource["read"] = (options) => {
		asked.push(options?.range);
		return layer.blob.read(options);
	};
	return { layer: withBlob(layer, { read }), asked };
}

test("bug: what comes out behind chunks had no limit for all of them together", async () => {
	const size = (1 << 20) + 1;
	const frame = zstdFrame(Buffer.alloc(64 << 20));
	const content = Buffer.alloc(4 * size);
	const own = `sha256:${createHash("sha256").update(content.subarray(0, size)).digest("hex")}`;
	const layer = chunkedLayer([{ name: "f", content: Buffer.concat([frame, frame, frame, frame]) }], {
		format: "zstd:chunked",
		chunkSize: frame.length,
		isCompressed: true,
		change: (entries) => {
			for (const [n, entry] of (entries as { [key: string]: unknown }[]).entries())
				Object.assign(entry, { chunkOffset: n * size, chunkSize: size, chunkDigest: own });
			const digest = `sha256:${createHash("sha256").update(content).digest("hex")}`;
			Object.assign(entries[0] as object, { size: content.length, digest });
		},
	});
	expect((await pull([layer])).get("f")).toMatchObject({ size: content.length });
	await expect(pull([layer], { limits: { layerSize: 128 << 20 } }, "other")).rejects.toMatchObject({
		code: "ERR_COMPOSEFS_BLOB",
		rule: "output-limit",
		path: "f",
	});
});

describe.each(FORMATS)("%s", (format) => {
	test.each([1000, 64_000, undefined])(
		"in chunks of %p bytes, gives the tree of the whole layer",
		async (chunkSize) => {
			const layer = chunkedLayer(FILES, { format, ...(chunkSize && { chunkSize }) });
			const choices: LayerChoice[] = [];
			const progress: PullProgress[] = [];
			const tree = await pull([layer], {
				onLayer: (choice) => choices.push(choice),
				onProgress: (one) => progress.push(one),
			});
			const { digest } = layer.descriptor;
			expect(choices).toEqual([{ layer: 0, digest, partial: true, refusal: undefined }]);
			const last = progress.at(-1);
			expect(last).toMatchObject({ layer: 0, digest, complete: true, bytes: last?.size });
			expect(progress[0]).toMatchObject({ complete: false, size: last?.size });
			const whole = await pull([layer], { partial: false }, "whole");
			whole.root.children.delete("stargz.index.json");
			expect(listing(tree)).toEqual(listing(whole));
			expect(tree.get("short")).toMatchObject({ content: new Uint8Array(Buffer.from("short")) });
			// No part of something larger, which would stay as long as the tree.
			expect((tree.get("short") as { content: Uint8Array }).content.buffer.byteLength).toBe(5);
			expect(tree.get("limit")).toMatchObject({ size: undefined, digest: undefined });
			expect(tree.get("a")).toMatchObject({ size: 65, content: undefined });
		},
	);

	test("that the store has is not fetched, also what is inline", async () => {
		const tree = await pull([chunkedLayer(FILES, { format, chunkSize: 5000 })]);
		const other = FORMATS.find((one) => one !== format) as (typeof FORMATS)[number];
		for (const second of [format, other]) {
			const { layer, asked } = watched(chunkedLayer(FILES, { format: second }));
			expect(listing(await pull([layer]))).toEqual(listing(tree));
			// Footer and table.
			expect(asked).toHaveLength(second === "estargz" ? 2 : 1);
		}
	});

	test("one content, in several files and layers, is fetched once", async () => {
		const lower = watched(chunkedLayer([{ name: "x", content: bytes(5000, 9) }], { format }));
		const upper = watched(chunkedLayer([{ name: "y", content: bytes(5000, 9) }], { format }));
		const tree = await pull([lower.layer, upper.layer]);
		expect(lower.asked.length).toBe(upper.asked.length + 1);
		expect(tree.get("x")).toMatchObject({ digest: expect.any(String), path: expect.any(String) });
		expect(listing(tree)[1]?.digest).toBe(listing(tree)[2]?.digest);
	});

	test("another version: only what it has not in common", async () => {
		await pull([chunkedLayer(FILES, { format })]);
		const next = chunkedLayer([...FILES, { name: "new", content: bytes(3000, 8) }], { format });
		const { layer, asked } = watched(next);
		const tree = await pull([layer]);
		expect(tree.get("new")).toMatchObject({ size: 3000 });
		const [range] = asked.slice(-1);
		expect(range?.start).toBe(next.offsets.get("new"));
	});

	test("wrong bytes in any chunk are an error, and no object", async () => {
		const files = [{ name: "file", content: randomBytes(3000) }];
		const layer = chunkedLayer(files, { format, chunkSize: 1000 });
		const start = layer.offsets.get("file") as number;
		for (const at of [start + 500, start + 1500, start + 2500]) {
			const damaged = Buffer.from(layer.bytes);
			damaged[at] = (damaged[at] as number) ^ 1;
			await using store = await ObjectStore.open(temporary("store"), { sync: "never" });
			const image = chunkedImage(withBlob(layer, bytesBlob(damaged, "blob")));
			await expect(pullImage(image, { store })).rejects.toMatchObject({
				code: expect.stringMatching(/_(DIGEST|BLOB)$/),
				path: "file",
			});
			for await (const object of store.list()) throw new Error(object.path);
		}
	});

	test("a blob that is another one when its content is asked for", async () => {
		const layer = chunkedLayer([{ name: "file", content: randomBytes(3000) }], { format });
		const other = chunkedLayer([{ name: "file", content: randomBytes(3000) }], { format });
		let reads = 0;
		const tables = format === "estargz" ? 2 : 1;
		const read: BlobSource["read"] = (options) => (++reads > tables ? other : layer).blob.read(options);
		await expect(pull([withBlob(layer, { read })])).rejects.toMatchObject({
			code: expect.stringMatching(/_(DIGEST|BLOB)$/),
			path: "file",
		});
	});

	test("a blob that ends early", async () => {
		const layer = chunkedLayer([{ name: "file", content: randomBytes(3000) }], { format });
		const tables = format === "estargz" ? 2 : 1;
		let reads = 0;
		const read: BlobSource["read"] = (options) =>
			++reads > tables ? bytesBlob(layer.bytes.subarray(0, 1000)).read(options) : layer.blob.read(options);
		await expect(pull([withBlob(layer, { read })])).rejects.toMatchObject({ code: "ERR_COMPOSEFS_BLOB" });
	});

	test("a table that lies about a file is caught by the file's digest", async () => {
		const layer = chunkedLayer([{ name: "file", content: randomBytes(3000) }], {
			format,
			chunkSize: 1000,
			change: ([file]) => Object.assign(file as object, { digest: `sha256:${"ab".repeat(32)}` }),
		});
		await expect(pull([layer])).rejects.toMatchObject({ rule: "file-digest", expected: "ab".repeat(32) });
	});

	test("a table that has one digest for contents of two sizes is caught, too", async () => {
		const files = [4000, 5000].map((size) => ({ name: `${size}`, content: randomBytes(size) }));
		const layer = chunkedLayer(files, {
			format,
			change: ([small, large]) =>
				Object.assign(large as object, { digest: (small as { digest: string }).digest }),
		});
		await expect(pull([layer])).rejects.toMatchObject({ rule: "file-digest", path: "5000" });
	});

	test("a table that is refused: the layer is read as a whole, and that is said", async () => {
		const layer = chunkedLayer(FILES, {
			format,
			change: (entries) => entries.push({ type: "reg", name: "a" }),
		});
		const choices: LayerChoice[] = [];
		const tree = await pull([layer], { onLayer: (choice) => choices.push(choice) });
		expect(choices).toMatchObject([{ partial: false, refusal: { rule: "path-duplicate" } }]);
		expect(lines(tree)).toEqual(
			expect.arrayContaining(["a", "short: short"].map((line) => expect.stringContaining(line))),
		);
	});

	test("without an annotation, a footer is not believed", async () => {
		const layer = chunkedLayer(FILES, { format });
		const { layer: plain, asked } = watched(layer);
		const descriptor = { ...layer.descriptor, annotations: new Map<string, string>() };
		const choices: LayerChoice[] = [];
		await pull([{ ...plain, descriptor }], { onLayer: (choice) => choices.push(choice) });
		expect(choices).toMatchObject([{ partial: false, refusal: undefined }]);
		expect(asked).toEqual([undefined]);
	});

	test("interrupted, it goes on with what is missing", async () => {
		const files = Array.from({ length: 30 }, (_, n) => ({ name: `f${n}`, content: randomBytes(700_000) }));
		const layer = chunkedLayer(files, { format });
		const controller = new AbortController();
		const onProgress = ({ bytes: came }: PullProgress) => {
			if (came > 12_000_000) controller.abort(new Error("enough"));
		};
		const read: BlobSource["read"] = async function* ({ range, signal } = {}) {
			for (let at = range?.start ?? 0; at < (range?.end ?? layer.bytes.length); at += 100_000) {
				signal?.throwIfAborted();
				await new Promise((resolve) => setTimeout(resolve, 1));
				yield layer.bytes.subarray(at, Math.min(at + 100_000, range?.end ?? layer.bytes.length));
			}
		};
		const slow = withBlob(layer, { read });
		await expect(pull([slow], { signal: controller.signal, onProgress })).rejects.toThrow("enough");
		let size = 0;
		const tree = await pull([slow], { onProgress: (one) => (size = one.size) });
		expect(size).toBeLessThan(layer.bytes.length - 3_000_000);
		expect(listing(tree)).toEqual(listing(await pull([layer], {}, "other")));
	});

	test("limits are those of a whole layer", async () => {
		const layer = chunkedLayer(FILES, { format });
		await expect(pull([layer], { limits: { fileSize: 1000 } })).rejects.toMatchObject({
			rule: "file-size",
			path: "b",
		});
		await expect(pull([layer], { limits: { layerSize: 1000 } })).rejects.toMatchObject({
			rule: "layer-size",
		});
		await expect(pull([layer], { limits: { entries: 3 } })).rejects.toMatchObject({ rule: "entry-count" });
	});
});

describe("holes", () => {
	test("are holes in the store", async () => {
		const content = [randomBytes(5000), 50_000_000, Buffer.from("end")];
		const layer = chunkedLayer(
			[
				{ name: "sparse", content },
				{ name: "hole", content: [70_000] },
			],
			{
				format: "zstd:chunked",
			},
		);
		const tree = await pull([layer]);
		await using store = await ObjectStore.open(temporary("store"), { sync: "never" });
		const { digest } = tree.get("sparse") as { digest: string };
		expect(await store.verify(digest)).toBe(true);
		expect(await store.stat(digest)).toMatchObject({ size: 50_005_003 });
		expect((await store.stat(digest))?.stored).toBeLessThan(1 << 20);
		expect(listing(tree)).toEqual(listing(await pull([layer], { partial: false }, "whole")));
	});
});

describe("contents of plain layers", () => {
	test("are remembered where that is asked for", async () => {
		const plain = chunkedLayer(FILES, { format: "zstd:chunked" });
		const descriptor = { ...plain.descriptor, annotations: new Map<string, string>() };
		const second = watched(chunkedLayer(FILES, { format: "estargz" }));
		await pull([{ ...plain, descriptor }]);
		await pull([second.layer]);
		expect(second.asked.length).toBeGreaterThan(2);
		await pull([{ ...plain, descriptor }], { remember: true }, "remembering");
		second.asked.length = 0;
		await pull([second.layer], {}, "remembering");
		expect(second.asked).toHaveLength(2);
	});
});
