import { readFileSync } from "node:fs";
import path from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { gzipSync } from "node:zlib";
import { describe, expect, test } from "@jest/globals";
import { type BlobSource, bytesBlob } from "../../src/blob.ts";
import { parseDump } from "../../src/dump/parse.ts";
import { MEDIA_TYPES } from "../../src/media-types.ts";
import type { ResolvedImage, ResolvedLayer } from "../../src/oci/image.ts";
import { PULL_LIMITS, type PullProgress, pullImage } from "../../src/oci/pull.ts";
import { resolveImage } from "../../src/oci/resolve.ts";
import { Tree } from "../../src/tree.ts";
import { writeImage } from "../../src/write.ts";
import { DIGESTS, LAYERS } from "../support/composefs-rs-layers.ts";
import { lines } from "../support/layers.ts";
import { descriptor, type LayerBlob, MemoryLayout, sha256 } from "../support/layouts.ts";
import { listing } from "../support/listing.ts";
import { MemoryStore } from "../support/memory-store.ts";
import { projectRoot } from "../support/needs.ts";
import { plainTar } from "../support/plain-tar.ts";
import { archive, header, pax } from "../support/tar-writer.ts";

async function imageOf(...layers: readonly LayerBlob[]): Promise<ResolvedImage> {
	const blobs = new MemoryLayout();
	return resolveImage(blobs, descriptor(blobs.image(layers)));
}

const plain = (tar: Buffer): LayerBlob => ({ bytes: tar });
const zipped = (tar: Buffer): LayerBlob => ({ bytes: gzipSync(tar), tar, mediaType: MEDIA_TYPES.layerGzip });
const text = "some text that is longer than what an image has inline, which is 64 bytes";

describe("layers of composefs-rs's test image", () => {
	test.each<[string, (tar: Buffer) => LayerBlob]>([
		["plain", plain],
		["gzip", zipped],
	])("%s: the same tree and the same digests", async (_title, compress) => {
		const tree = await pullImage(await imageOf(...LAYERS.map(compress)), {
			store: new MemoryStore(),
			profile: "oci",
		});
		const expected = readFileSync(path.join(projectRoot, "test/fixtures/composefs-rs.dump"));
		expect(listing(tree)).toEqual(listing(await parseDump(expected)));
		expect((await writeImage(tree, { digestOnly: true })).digest).toBe(DIGESTS.V0);
		expect((await writeImage(tree, { digestOnly: true, minVersion: 1 })).digest).toBe(DIGESTS.V1);
	});

	test("one at a time, or all at once, they are the same", async () => {
		const image = await imageOf(...LAYERS.map(plain));
		const trees = [];
		for (const parallel of [1, 10])
			trees.push(await pullImage(image, { store: new MemoryStore(), parallel }));
		expect(listing(trees[0] as never)).toEqual(listing(trees[1] as never));
	});
});

describe("a pull", () => {
	test("links from directories that only the upper layer has to files of the lower one", async () => {
		const lower = plain(plainTar({ name: "a", content: text }));
		const upper = plain(plainTar("d/", "d/e/", { name: "d/e/b", type: "hardlink", linkName: "a" }));
		const tree = await pullImage(await imageOf(lower, upper), { store: new MemoryStore() });
		expect(tree.get("/d/e/b")).toMatchObject({ type: "file", size: text.length });
		expect(tree.get("/d/e/b")).toBe(tree.get("/a"));
	});

	test("refuses a global pax header, which not every reader heeds", async () => {
		const image = await imageOf(plain(archive(pax([["uid", "7"]], "g"), header({ name: "a" }))));
		await expect(pullImage(image, { store: new MemoryStore() })).rejects.toMatchObject({
			code: "ERR_COMPOSEFS_TAR",
			rule: "extension",
		});
	});

	test("puts contents into the store, flushes it, and tells how far it is", async () => {
		const store = new MemoryStore();
		const seen: PullProgress[] = [];
		const layers = [zipped(plainTar({ name: "a", content: text })), plain(plainTar("b", ".wh.a"))];
		const image = await imageOf(...layers);
		const tree = await pullImage(image, { store, onProgress: (progress) => seen.push(progress) });
		expect(lines(tree)).toEqual(["b"]);
		expect([...store.objects.values()].map(String)).toEqual([text]);
		expect(store.flushes).toBe(1);
		for (const [layer, { bytes }] of layers.entries()) {
			const own = seen.filter((one) => one.layer === layer);
			expect(own.at(-1)).toEqual({
				layer,
				digest: sha256(bytes),
				bytes: bytes.length,
				size: bytes.length,
				complete: true,
			});
			expect(own.filter(({ complete }) => complete)).toHaveLength(1);
		}
	});

	test("of an image without layers is an empty tree", async () => {
		expect(lines(await pullImage(await imageOf(), { store: new MemoryStore() }))).toEqual([]);
	});

	test("takes a tar without an end, or with something behind it: its digest says what it is", async () => {
		const whole = plainTar("a", "b");
		for (const tar of [whole.subarray(0, 1024), Buffer.concat([whole, Buffer.from("junk")])])
			expect(lines(await pullImage(await imageOf(plain(tar)), { store: new MemoryStore() }))).toEqual([
				"a",
				"b",
			]);
	});

	test("takes the compression that there is, whatever the media type says", async () => {
		const tar = plainTar("a");
		const image = await imageOf({ bytes: gzipSync(tar), tar, mediaType: MEDIA_TYPES.layerZstd });
		expect(lines(await pullImage(image, { store: new MemoryStore() }))).toEqual(["a"]);
	});

	test("stops with its signal, wherever it is", async () => {
		const controller = new AbortController();
		const store = new MemoryStore();
		store.before = () => controller.abort(new Error("enough"));
		const image = await imageOf(...LAYERS.map(plain));
		await expect(pullImage(image, { store, signal: controller.signal })).rejects.toThrow("enough");
		await expect(pullImage(image, { store, signal: controller.signal })).rejects.toThrow("enough");
	});
});

/** The image of one layer, its blob replaced. */
async function withBlob(bytes: Buffer, blob: BlobSource): Promise<ResolvedImage> {
	const image = await imageOf(plain(bytes));
	return { ...image, layers: image.layers.map((layer) => ({ ...layer, blob })) };
}

describe("refused", () => {
	const tar = plainTar({ name: "a", content: text });
	const pull = (image: ResolvedImage, limits = {}) => pullImage(image, { store: new MemoryStore(), limits });

	test("a blob with another digest, with every bit of its content and padding", async () => {
		for (let at = 0; at < tar.length; at += 37) {
			const damaged = Buffer.from(tar);
			damaged[at] = (damaged[at] as number) ^ 1;
			const found = pull(await withBlob(tar, bytesBlob(damaged)));
			await expect(found).rejects.toMatchObject({ code: expect.stringMatching(/DIGEST|TAR|OCI/) });
		}
	});

	test("a blob that is too short, or too long", async () => {
		for (const [blob, code] of [
			[tar.subarray(0, -1), "ERR_COMPOSEFS_BLOB"],
			[tar.subarray(0, 1024), "ERR_COMPOSEFS_BLOB"],
			[Buffer.concat([tar, Buffer.alloc(512)]), "ERR_COMPOSEFS_BLOB"],
		] as const)
			await expect(pull(await withBlob(tar, bytesBlob(blob)))).rejects.toMatchObject({ code });
	});

	test("a tar that is not what the diff_id says", async () => {
		const image = await imageOf({ bytes: gzipSync(tar), tar: plainTar("b") });
		await expect(pull(image)).rejects.toMatchObject({
			code: "ERR_COMPOSEFS_DIGEST",
			expected: sha256(plainTar("b")),
			actual: sha256(tar),
			message: expect.stringContaining("diff_id"),
		});
	});

	test("a compressed layer that ends early", async () => {
		const bytes = gzipSync(tar).subarray(0, -9);
		await expect(pull(await imageOf({ bytes, tar }))).rejects.toMatchObject({
			code: "ERR_COMPOSEFS_BLOB",
			rule: "truncated",
		});
	});

	test("a layer that is a bomb", async () => {
		const bomb = Buffer.alloc(10 << 20);
		await expect(
			pull(await imageOf({ bytes: gzipSync(bomb), tar: bomb }), { layerSize: 1 << 20 }),
		).rejects.toMatchObject({
			code: "ERR_COMPOSEFS_BLOB",
			rule: "output-limit",
		});
		expect(PULL_LIMITS.layerSize).toBe(2 ** 38);
	});

	test.each([{ fileSize: 1000 }, { entries: 0 }, {}])(
		"bug: of a layer that is over a limit, all of the blob was read (%j)",
		async (limits) => {
			const image = await imageOf(plain(plainTar({ name: "a", content: "x".repeat(1 << 16) })));
			const [layer] = image.layers as [ResolvedLayer];
			const size = 1 << 30;
			let given = 0;
			const read: BlobSource["read"] = async function* () {
				yield* layer.blob.read();
				for (; given < size; given += 1 << 16) yield Buffer.alloc(1 << 16);
			};
			const longer = { ...layer, descriptor: { ...layer.descriptor, size }, blob: { ...layer.blob, read } };
			const pulled = pull({ ...image, layers: [longer] }, { layerSize: 1 << 20, ...limits });
			await expect(pulled).rejects.toMatchObject({
				rule: expect.stringMatching(/^(?:file-size|entry-count|output-limit)$/),
			});
			expect(given).toBeLessThan(4 << 20);
		},
	);

	test("a layer of too many entries, or with a file that is too large", async () => {
		const image = await imageOf(plain(plainTar("a", "b", { name: "c", content: text })));
		await expect(pull(image, { entries: 2 })).rejects.toMatchObject({ rule: "entry-count" });
		await expect(pull(image, { metadata: 2 })).rejects.toMatchObject({ rule: "metadata-size" });
		await expect(pull(image, { fileSize: 10 })).rejects.toMatchObject({ rule: "file-size", path: "c" });
	});

	test("bug: layers within their limits could take more memory together than there is", async () => {
		const image = await imageOf(plain(plainTar("a")), plain(plainTar("b")));
		await expect(pull(image, { entries: 1 })).rejects.toMatchObject({ rule: "entry-count" });
	});

	test("a layer that no layer below it fits", async () => {
		const layer = plainTar({ name: "a", type: "hardlink", linkName: "b" });
		await expect(pull(await imageOf(plain(plainTar("c")), plain(layer)))).rejects.toMatchObject({
			rule: "link-target",
		});
	});

	test("a profile that the image has no base for, or that is none", async () => {
		const image = await imageOf(plain(tar));
		const store = new MemoryStore();
		await expect(pullImage(image, { store, profile: "oci" })).rejects.toMatchObject({ rule: "profile" });
		await expect(pullImage(image, { store, profile: "x" as never })).rejects.toMatchObject({
			code: "ERR_COMPOSEFS_ARGUMENT",
		});
	});

	test("an image that is none", async () => {
		for (const image of [undefined, {}, new Tree()])
			await expect(pullImage(image as never, { store: new MemoryStore() })).rejects.toMatchObject({
				code: "ERR_COMPOSEFS_ARGUMENT",
				message: expect.stringContaining("resolve()"),
			});
	});

	test("a number of layers at once that is none", async () => {
		for (const parallel of [0, -1, 1.5, Number.NaN])
			await expect(pullImage(await imageOf(), { store: new MemoryStore(), parallel })).rejects.toMatchObject({
				code: "ERR_COMPOSEFS_ARGUMENT",
			});
	});

	test("a layer, and nothing is put any more when that is told", async () => {
		const store = new MemoryStore();
		store.before = () => wait(20);
		const good = plainTar(
			...Array.from({ length: 50 }, (_, at) => ({ name: `f${at}`, content: `${at} ${text}` })),
		);
		const image = await imageOf(plain(good), plain(plainTar("../a")));
		await expect(pullImage(image, { store })).rejects.toMatchObject({ rule: "entry-name" });
		expect(store.running).toBe(0);
	});

	test("a store that fails: with its error, once, and nothing goes on", async () => {
		const store = new MemoryStore();
		store.before = () => {
			throw Object.assign(new Error("no space"), { code: "ENOSPC" });
		};
		await expect(pullImage(await imageOf(...LAYERS.map(plain)), { store })).rejects.toMatchObject({
			code: "ENOSPC",
		});
		expect(store.flushes).toBe(0);
		expect(store.running).toBe(0);
	});
});
