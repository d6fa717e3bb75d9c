import { readdirSync } from "node:fs";
import { describe, expect, test } from "@jest/globals";
import { type BlobSource, type ByteRange, readBlob } from "../../../src/blob.ts";
import { cachedImage, forgetCached } from "../../../src/oci/copy/cached-image.ts";
import { copyImage } from "../../../src/oci/copy/copy.ts";
import { LayoutDestination } from "../../../src/oci/copy/layout-destination.ts";
import { openLayout } from "../../../src/oci/layout.ts";
import { imageOf } from "../../support/oci-image.ts";
import { useTemporaryFolder } from "../../support/temporary.ts";

const temporary = useTemporaryFolder();
const bytes = Buffer.from("0123456789");

/** An image whose layer breaks after some bytes of each read; what is asked for is in `asked`. */
function breaking(after: number, asked: (ByteRange | undefined)[]) {
	const image = imageOf([bytes]);
	const blob: BlobSource = {
		name: "layer",
		size: async () => bytes.length,
		read: async function* ({ range } = {}) {
			asked.push(range);
			const start = range?.start ?? 0;
			yield bytes.subarray(start, start + after);
			if (start + after < bytes.length) throw new Error("broke");
		},
	};
	return { ...image, layers: image.layers.map((layer) => ({ ...layer, blob })) };
}

describe("an image that is kept", () => {
	test("is read once, however often and in whatever ranges", async () => {
		const asked: (ByteRange | undefined)[] = [];
		const [layer] = cachedImage(breaking(10, asked), temporary("kept")).layers;
		if (layer === undefined) throw new Error("no layer");
		const reads = Array.from({ length: 5 }, () => readBlob(layer.blob, { limit: 100 }));
		expect(await Promise.all(reads)).toEqual(Array(5).fill(bytes));
		expect(await readBlob(layer.blob, { limit: 100, range: { start: 2, end: 4 } })).toEqual(
			bytes.subarray(2, 4),
		);
		expect(await layer.blob.size()).toBe(10);
		expect(asked).toEqual([undefined]);
	});

	test("goes on where it was interrupted", async () => {
		const asked: (ByteRange | undefined)[] = [];
		const read = async () => {
			const [layer] = cachedImage(breaking(4, asked), temporary("kept")).layers;
			return layer && readBlob(layer.blob, { limit: 100 });
		};
		await expect(read()).rejects.toThrow("broke");
		await expect(read()).rejects.toThrow("broke");
		expect(await read()).toEqual(bytes);
		expect(asked).toEqual([undefined, { start: 4, end: 10 }, { start: 8, end: 10 }]);
		expect(readdirSync(temporary("kept", "blobs", "sha256"))).toHaveLength(1);
	});

	test("is left to the other readers by one who stops", async () => {
		const controller = new AbortController();
		const asked: (ByteRange | undefined)[] = [];
		const [layer] = cachedImage(breaking(10, asked), temporary("kept")).layers;
		if (layer === undefined) throw new Error("no layer");
		const reason = new Error("enough");
		const first = readBlob(layer.blob, { limit: 100, signal: controller.signal });
		const second = readBlob(layer.blob, { limit: 100 });
		controller.abort(reason);
		await expect(first).rejects.toBe(reason);
		expect(await second).toEqual(bytes);
	});

	test("is copied into the folder that keeps it, and kept there twice", async () => {
		const asked: (ByteRange | undefined)[] = [];
		const folder = temporary("kept");
		const kept = cachedImage(cachedImage(breaking(10, asked), folder), folder);
		await copyImage(kept, new LayoutDestination(folder));
		const [layer] = (await (await openLayout(folder)).resolve()).layers;
		expect(layer && (await readBlob(layer.blob, { limit: 100 }))).toEqual(bytes);
		expect(asked).toEqual([undefined]);
	});

	test("whose layer another one forgets before it is opened is asked for again", async () => {
		const asked: (ByteRange | undefined)[] = [];
		const image = breaking(10, asked);
		const [layer] = cachedImage(image, temporary("kept")).layers;
		if (layer === undefined) throw new Error("no layer");
		const pieces = layer.blob.read()[Symbol.asyncIterator]();
		await forgetCached(image, temporary("kept"));
		const first = await pieces.next();
		expect(Buffer.from(first.value)).toEqual(bytes);
		await forgetCached(image, temporary("kept"));
		expect(readdirSync(temporary("kept", "blobs", "sha256"))).toEqual([]);
		expect(await readBlob(layer.blob, { limit: 100 })).toEqual(bytes);
		expect(asked.length).toBe(2);
	});
});
