/** Layers that skopeo wrote, written again: files are cut in the same places, and tar-splits have the same sums. */
import { readFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "@jest/globals";
import { type BlobSource, fileBlob } from "../../src/blob.ts";
import type { ContentChunk } from "../../src/content.ts";
import { decompress } from "../../src/decompress.ts";
import { ObjectStore } from "../../src/store/store.ts";
import type { TocFile } from "../../src/toc/chunks.ts";
import { readToc } from "../../src/toc/read.ts";
import { writeChunkedLayer } from "../../src/toc/write.ts";
import { Tree } from "../../src/tree.ts";
import { describeIf, sharedFolder } from "../support/needs.ts";
import { useTemporaryFolder } from "../support/temporary.ts";

const temporary = useTemporaryFolder();
const folder = sharedFolder === undefined ? undefined : path.join(sharedFolder, "images");
/** Beyond it are sparse files that take long to read. */
const MOST = 2 ** 25;

interface Facts {
	/** By SHA-256 of a file: its chunks. */
	readonly chunks: Map<string, unknown>;
	/** Size and sum of each content. */
	readonly sums: Set<string>;
}

async function factsOf(blob: BlobSource, annotations: ReadonlyMap<string, string>): Promise<Facts> {
	const toc = await readToc(blob, { annotations });
	if (toc?.location.format !== "zstd:chunked" || toc.location.tarSplit === undefined)
		throw new Error("no tar-split");
	const chunks = new Map<string, unknown>();
	for (const { digest, size, chunks: found } of toc.files.values())
		if (size <= MOST)
			chunks.set(
				digest,
				found.map((chunk) => [chunk.size, chunk.range === undefined, chunk.digest]),
			);
	const { offset, compressedSize } = toc.location.tarSplit;
	const range = { start: offset, end: offset + compressedSize };
	let text = "";
	for await (const piece of decompress(blob.read({ range }))) text += Buffer.from(piece).toString("latin1");
	const lines = text
		.trim()
		.split("\n")
		.map((line) => JSON.parse(line));
	const files = lines.filter(({ type, size }) => type === 1 && size > 0 && size <= MOST);
	return { chunks, sums: new Set(files.map(({ size, payload }) => `${size} ${payload}`)) };
}

async function* contentOf(blob: BlobSource, { chunks }: TocFile): AsyncGenerator<ContentChunk> {
	for (const { size, range } of chunks)
		if (range === undefined) yield { hole: size };
		else yield* decompress(blob.read({ range }));
}

describeIf("skopeo's layers", folder, "there is no folder of images", (images) => {
	test.each([["hard-cases-zstd-chunked", 0] as const, ["zstd-chunked", 0] as const])(
		"%s, layer %i",
		async (name, at) => {
			const blobs = path.join(images, name, "blobs");
			const parse = (file: string) => JSON.parse(readFileSync(file, "utf8"));
			const { manifests } = parse(path.join(images, name, "index.json"));
			const { layers } = parse(path.join(blobs, manifests.at(-1).digest.replace(":", "/")));
			const { digest, annotations } = layers.at(at);
			const blob = fileBlob(path.join(blobs, digest.replace(":", "/")));
			await using store = await ObjectStore.open(temporary("objects"), { sync: "never" });
			const tree = new Tree();
			const toc = await readToc(blob, { annotations: new Map(Object.entries<string>(annotations)) });
			let count = 0;
			// Not from the tar: skopeo's has the headers of sparse files, and not their maps.
			for (const file of toc?.files.values() ?? [])
				if (file.size <= MOST) tree.writeFile(`/${count++}`, await store.put(contentOf(blob, file)));
			await store.flush();
			const { descriptor } = await writeChunkedLayer(tree, { store, to: temporary("layer") });
			const ours = await factsOf(fileBlob(temporary("layer")), descriptor.annotations);
			const theirs = await factsOf(blob, new Map(Object.entries(annotations)));
			expect(count).toBeGreaterThan(3);
			expect(ours).toEqual(theirs);
		},
	);
});
