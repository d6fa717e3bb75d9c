/** What entries of a layer may not say, by themselves and among others. */
import { describe, expect, test } from "@jest/globals";
import { bytesBlob } from "../../src/blob.ts";
import { type LayerToc, type ReadTocOptions, readToc } from "../../src/toc/index.ts";
import { type BlobParts, expectRule, type Json, tocJson, zstdChunkedBlob } from "../support/toc.ts";

const digest = `sha256:${"ab".repeat(32)}`;
const FILE = { type: "reg", name: "a", size: 10, digest, offset: 0, endOffset: 20 };

function read(
	{ bytes, annotations }: BlobParts,
	options: ReadTocOptions = {},
): Promise<LayerToc | undefined> {
	return readToc(bytesBlob(bytes), { annotations, ...options });
}

const zstd = (entries: Json[]) => read(zstdChunkedBlob({ toc: tocJson(entries) }));

describe("what entries may not be", () => {
	const chunk = { type: "chunk", name: "a", offset: 5, chunkOffset: 4, chunkSize: 6 };
	const first = { ...FILE, chunkSize: 4 };
	test.each<[string, string, Json[]]>([
		["the same path twice", "path-duplicate", [FILE, { type: "dir", name: "./a/" }]],
		["a name that leads out", "name", [{ type: "dir", name: "../a" }]],
		["a root that is no directory", "type", [{ type: "fifo", name: "." }]],
		["content without a digest", "digest", [{ ...FILE, digest: undefined }]],
		["content without an offset", "range", [{ ...FILE, offset: undefined }]],
		["content without an end", "range", [{ ...FILE, endOffset: undefined }]],
		["content that ends before it begins", "range", [{ ...FILE, offset: 20 }]],
		["content in the table", "range", [{ ...FILE, endOffset: 1001 }]],
		["content that others have", "range", [FILE, { ...FILE, name: "b", offset: 19, endOffset: 30 }]],
		[
			"content out of order",
			"range",
			[
				{ ...FILE, offset: 50, endOffset: 60 },
				{ ...FILE, name: "b" },
			],
		],
		["a chunk first", "chunk", [chunk]],
		["a first chunk that begins within the file", "chunk", [{ ...FILE, chunkOffset: 5 }]],
		["a chunk behind another file", "chunk", [first, { ...chunk, name: "b" }]],
		["a chunk behind a directory", "chunk", [first, { type: "dir", name: "d" }, chunk]],
		["a chunk that leaves a gap", "chunk", [first, { ...chunk, chunkOffset: 5, chunkSize: 5 }]],
		["a chunk that overlaps", "chunk", [first, { ...chunk, chunkOffset: 3, chunkSize: 7 }]],
		["a chunk beyond the file", "chunk", [first, { ...chunk, chunkSize: 7 }]],
		["chunks that are too few", "chunk", [first, { ...chunk, chunkSize: 5 }]],
		[
			"a last chunk of nothing",
			"chunk",
			[
				{ ...first, size: 4 },
				{ ...chunk, chunkSize: 0 },
			],
		],
		["a chunk before the file's", "range", [{ ...first, offset: 9 }, chunk]],
		["a chunk beyond the file's end", "range", [first, { ...chunk, offset: 25 }]],
		["a chunk of nothing in between", "chunk", [FILE, chunk]],
		["several contents in one member", "inner-offset", [{ ...FILE, innerOffset: 5 }]],
		["holes beyond the limit", "zeros", [{ ...FILE, size: 2 ** 50, chunkType: "zeros" }]],
		["keys of composefs-from-json", "content", [{ ...FILE, "x-payload": "../../secret" }]],
		["names that are lost", "name-lossy", [{ type: "dir", name: "a\ufffd" }]],
		["targets that are lost", "name-lossy", [{ type: "symlink", name: "a", linkName: "\ufffd" }]],
		[
			"targets of hard links that are lost",
			"name-lossy",
			[{ type: "hardlink", name: "a", linkName: "\ufffd" }],
		],
		["xattrs that are lost", "name-lossy", [{ type: "dir", name: "a", xattrs: { "user.\ufffd": "" } }]],
		["a hard link to nothing", "link", [{ type: "hardlink", name: "a" }]],
		["a hard link that leads out", "hard-link", [{ type: "hardlink", name: "a", linkName: "../b" }]],
	])("%s breaks the rule %s", async (_what, rule, entries) => {
		await expectRule(zstd(entries), rule);
	});

	test("limits of entries and chunks hold", async () => {
		const toc = tocJson([first, chunk, { type: "dir", name: "b" }]);
		await expectRule(read(zstdChunkedBlob({ toc }), { limits: { entries: 1 } }), "entries", { limit: 1 });
		await expectRule(read(zstdChunkedBlob({ toc }), { limits: { chunks: 1 } }), "chunks", { limit: 1 });
	});

	test("the limit of holes holds for all of them together", async () => {
		const hole = { ...FILE, chunkType: "zeros" };
		const toc = tocJson([hole, { ...hole, name: "b", offset: 20, endOffset: 21 }]);
		expect((await read(zstdChunkedBlob({ toc }), { limits: { zeros: 20 } }))?.files.size).toBe(2);
		await expectRule(read(zstdChunkedBlob({ toc }), { limits: { zeros: 19 } }), "zeros", { limit: 19 });
	});
});
