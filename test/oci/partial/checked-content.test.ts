import { createHash, randomBytes } from "node:crypto";
import { gzipSync } from "node:zlib";
import { describe, expect, test } from "@jest/globals";
import { type BlobSource, bytesBlob } from "../../../src/blob.ts";
import type { ContentChunk } from "../../../src/content.ts";
import { checkedContent } from "../../../src/oci/partial/checked-content.ts";
import { ChunkBytes, readPieces } from "../../../src/oci/partial/chunk-bytes.ts";
import type { WantedContent } from "../../../src/oci/partial/wanted.ts";
import { zstdFrame } from "../../support/toc.ts";

const sha256 = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");

/** A file of these parts, numbers being holes; what is behind a part in its frame is no content. */
function fileOf(
	parts: readonly (Buffer | number)[],
	{ behind = Buffer.alloc(0), compress = zstdFrame } = {},
) {
	const frames: Buffer[] = [];
	let start = 0;
	let at = 0;
	const chunks = parts.map((part) => {
		const bytes = typeof part === "number" ? Buffer.alloc(part) : part;
		const frame = typeof part === "number" ? undefined : compress(Buffer.concat([part, behind]));
		const range = frame && { start: at, end: at + frame.length };
		const chunk = { start, size: bytes.length, range, digest: sha256(bytes) };
		if (frame !== undefined) frames.push(frame);
		start += bytes.length;
		at += frame?.length ?? 0;
		return chunk;
	});
	const content = Buffer.concat(parts.map((part) => (typeof part === "number" ? Buffer.alloc(part) : part)));
	const wanted: WantedContent = {
		sha256: sha256(content),
		size: content.length,
		name: "file",
		chunks,
		inodes: [],
	};
	return { wanted, content, blob: bytesBlob(Buffer.concat(frames)) };
}

/** What came, and the error that it ended with. */
async function given(
	{ wanted, blob }: Pick<ReturnType<typeof fileOf>, "wanted" | "blob">,
	signal?: AbortSignal,
	left = 0,
): Promise<{ bytes: Buffer; largest: number; error: unknown }> {
	const ranges = wanted.chunks.flatMap(({ range }) => range ?? []);
	const bytes = new ChunkBytes("blob", readPieces(blob, ranges, undefined), () => undefined);
	const came: Uint8Array[] = [];
	const toBytes = (piece: ContentChunk) => (piece instanceof Uint8Array ? piece : Buffer.alloc(piece.hole));
	let error: unknown;
	try {
		for await (const piece of checkedContent(wanted, bytes, { left }, signal)) came.push(toBytes(piece));
	} catch (reason) {
		error = reason;
	}
	return { bytes: Buffer.concat(came), largest: Math.max(0, ...came.map(({ length }) => length)), error };
}

describe("content by its chunks", () => {
	const SMALL = [randomBytes(1000), 500, randomBytes(2000), 100];
	const LARGE = [
		randomBytes((1 << 20) + 1),
		randomBytes(5),
		3000,
		Buffer.alloc(3 << 20, "easily compressed"),
	];

	test.each([
		["zstd", zstdFrame],
		["gzip", gzipSync],
	])("%s: is all of it, and nothing of what is behind it", async (_name, compress) => {
		const behind = Buffer.alloc(700, "header");
		for (const parts of [SMALL, LARGE]) {
			const file = fileOf(parts, { behind, compress });
			const came = await given(file, undefined, 1 << 20);
			expect(came.error).toBeUndefined();
			expect(came.bytes.equals(file.content)).toBe(true);
		}
	});

	test("is never in memory as a whole, if it is large, nor is what it is made of", async () => {
		for (const compress of [zstdFrame, gzipSync]) {
			const bomb = fileOf([Buffer.alloc(8 << 20)], { compress });
			expect((await given(bomb)).largest).toBeLessThanOrEqual(1 << 20);
		}
		const { wanted, blob } = fileOf([Buffer.alloc(10)], { behind: randomBytes(16 << 20) });
		let taken = 0;
		const read: BlobSource["read"] = async function* ({ range } = {}) {
			for (let at = 0; at < (range?.end ?? 0); at += 1 << 16, taken += 1 << 16)
				for await (const piece of blob.read({ range: { start: at, end: at + (1 << 16) } })) yield piece;
		};
		expect((await given({ wanted, blob: { ...blob, read } })).error).toMatchObject({ rule: "output-limit" });
		expect(taken).toBeLessThan(8 << 20);
	});

	test("ends before its last piece where the file's digest is another, whatever that piece is", async () => {
		for (const parts of [SMALL, SMALL.slice(0, 3), SMALL.slice(0, 1), LARGE]) {
			const file = fileOf(parts, { behind: Buffer.alloc(1 << 20) });
			const wanted = { ...file.wanted, sha256: sha256(Buffer.alloc(1)) };
			const { bytes, error } = await given({ ...file, wanted }, undefined, 1 << 23);
			expect(error).toMatchObject({ rule: "file-digest", path: "file", actual: file.wanted.sha256 });
			expect(bytes.length).toBeLessThan(file.content.length);
		}
	});

	test("is not hashed on when the signal aborts in a hole", async () => {
		const controller = new AbortController();
		const reason = new Error("enough");
		const chunk = { start: 0, size: 2 ** 50, range: undefined, digest: undefined };
		const wanted = { ...fileOf([]).wanted, size: 2 ** 50, chunks: [chunk] };
		setTimeout(() => controller.abort(reason), 20);
		await expect(
			given({ wanted, blob: bytesBlob(Buffer.alloc(0)) }, controller.signal),
		).resolves.toMatchObject({
			bytes: Buffer.alloc(0),
			error: reason,
		});
	});

	test("ends before a chunk whose digest is another", async () => {
		for (const parts of [SMALL, LARGE]) {
			const { wanted, blob } = fileOf(parts);
			const [first, ...others] = wanted.chunks as [(typeof wanted.chunks)[0], ...typeof wanted.chunks];
			const wrong = { ...wanted, chunks: [{ ...first, digest: sha256(Buffer.alloc(1)) }, ...others] };
			const { bytes, error } = await given({ wanted: wrong, blob });
			expect(error).toMatchObject({ rule: "chunk-digest", path: "file" });
			expect(bytes.length).toBeLessThan(first.size);
		}
	});

	test("has as much behind it as may come, to the byte, of all chunks together", async () => {
		const behind = Buffer.alloc(700, "header");
		const large = fileOf(LARGE, { behind, compress: gzipSync });
		expect((await given(large, undefined, 3 * behind.length)).error).toBeUndefined();
		expect((await given(large, undefined, 3 * behind.length - 1)).error).toMatchObject({
			code: "ERR_COMPOSEFS_BLOB",
			rule: "output-limit",
			path: "file",
		});
	});

	test("says what is wrong with a chunk: its file, where it begins, and the rule", async () => {
		const { wanted } = fileOf([randomBytes(1000), randomBytes(2000)]);
		const [first, second] = wanted.chunks as [(typeof wanted.chunks)[0], (typeof wanted.chunks)[0]];
		const ofFirst = { ...wanted, chunks: [first] };
		const short = zstdFrame(Buffer.alloc(10));
		const range = { start: 0, end: short.length };
		const tooShort = { ...wanted, chunks: [{ ...first, range }] };
		expect((await given({ wanted: tooShort, blob: bytesBlob(short) })).error).toMatchObject({
			rule: "chunk-size",
			path: "file",
			limit: 1000,
			actual: 10,
		});
		const ended = await given({ wanted: ofFirst, blob: bytesBlob(Buffer.alloc(0)) });
		expect(ended.error).toMatchObject({
			code: "ERR_COMPOSEFS_BLOB",
			rule: "blob-size",
			path: "file",
			message: expect.stringContaining("file: the chunk at byte 0: "),
		});
		const broken = { ...wanted, chunks: [{ ...second, range }] };
		expect((await given({ wanted: broken, blob: bytesBlob(short.subarray(0, -1)) })).error).toMatchObject({
			code: "ERR_COMPOSEFS_BLOB",
			path: "file",
			message: expect.stringContaining("file: the chunk at byte 1000: "),
		});
	});
});
