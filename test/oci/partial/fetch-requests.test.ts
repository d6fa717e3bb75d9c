/** Requests for the missing contents of layers: how many, and when what they bring is durable. */
import { randomBytes } from "node:crypto";
import { expect, jest, test } from "@jest/globals";
import type { BlobSource } from "../../../src/blob.ts";
import type { ResolvedLayer } from "../../../src/oci/image.ts";
import { type PullOptions, pullImage } from "../../../src/oci/pull.ts";
import { ObjectStore } from "../../../src/store/index.ts";
import type { Tree } from "../../../src/tree.ts";
import { chunkedImage, chunkedLayer, withBlob } from "../../support/chunked-layer.ts";
import { useTemporaryFolder } from "../../support/temporary.ts";

const temporary = useTemporaryFolder();

async function pull(
	layer: ResolvedLayer,
	options: Partial<PullOptions> = {},
	folder = "store",
): Promise<Tree> {
	await using store = await ObjectStore.open(temporary(folder), { sync: "never" });
	return await pullImage(chunkedImage(layer), { store, ...options });
}

/** So many files of 700,000 bytes each. */
const files = (count: number) =>
	Array.from({ length: count }, (_, n) => ({ name: `${n}`, content: randomBytes(700_000) }));

test("bug: of a blob whose server knows no ranges, all came for each of them", async () => {
	const layer = chunkedLayer(files(30), { format: "zstd:chunked" });
	for (const ignoresRanges of [false, true]) {
		let asked = 0;
		const readRanges: BlobSource["readRanges"] = async function* (ranges) {
			asked++;
			for (const { start, end } of ranges) yield { offset: start, bytes: layer.bytes.subarray(start, end) };
		};
		const store = ignoresRanges ? "together" : "apart";
		const tree = await pull(withBlob(layer, { ignoresRanges, readRanges }), {}, store);
		expect(tree.root.children.size).toBe(30);
		expect(asked).toBe(ignoresRanges ? 1 : 3);
	}
});

test("what has come is made durable every 32 MiB", async () => {
	await using store = await ObjectStore.open(temporary("store"), { sync: "never" });
	const flush = jest.spyOn(store, "flush");
	await pullImage(chunkedImage(chunkedLayer(files(48), { format: "zstd:chunked" })), { store });
	expect(flush).toHaveBeenCalledTimes(2);
});

test("three requests are under way; one that fails ends the others, and its source is let go of", async () => {
	let begun = 0;
	let ended = 0;
	const readRanges: BlobSource["readRanges"] = async function* (ranges, { signal } = {}) {
		const isFirst = begun++ === 0;
		try {
			if (!isFirst) await new Promise((resolve) => signal?.addEventListener("abort", resolve));
			while (begun < 3) await new Promise(setImmediate);
			for (let offset = ranges[0]?.start ?? 0; ; offset += 5000) yield { offset, bytes: Buffer.alloc(5000) };
		} finally {
			ended++;
		}
	};
	const layer = withBlob(chunkedLayer(files(40), { format: "zstd:chunked" }), { readRanges });
	const { signal } = new AbortController();
	await expect(pull(layer, { signal })).rejects.toMatchObject({
		code: expect.stringMatching(/_(DIGEST|BLOB)$/),
	});
	await new Promise(setImmediate);
	expect([begun, ended]).toEqual([3, 3]);
});
