import { randomBytes } from "node:crypto";
import { gzipSync } from "node:zlib";
import { describe, expect, test } from "@jest/globals";
import { decompressPiece } from "../src/decompress.ts";
import { zstdFrame } from "./support/toc.ts";

describe("a piece", () => {
	async function piece(bytes: Uint8Array, size: number): Promise<Buffer> {
		const pieces: Uint8Array[] = [];
		for await (const some of decompressPiece(bytes, size)) pieces.push(some);
		return Buffer.concat(pieces);
	}
	const content = randomBytes(300_000);

	test.each<[string, (bytes: Uint8Array) => Buffer]>([
		["gzip", (bytes) => gzipSync(bytes)],
		["zstd", zstdFrame],
		["nothing", Buffer.from],
	])("of %s is all there, whatever size was expected", async (_name, compress) => {
		for (const size of [0, 1, 100, content.length, 2 << 20])
			expect((await piece(compress(content), size)).equals(content)).toBe(true);
		expect(await piece(compress(Buffer.alloc(0)), 0)).toEqual(Buffer.alloc(0));
	});

	test("that is damaged or cut says what a stream says", async () => {
		for (const whole of [gzipSync(content), zstdFrame(content)]) {
			await expect(piece(whole.subarray(0, -20), content.length)).rejects.toMatchObject({
				rule: "truncated",
			});
			const damaged = Buffer.from(whole).fill(0xff, 9, 15);
			await expect(piece(damaged, content.length)).rejects.toMatchObject({ code: "ERR_COMPOSEFS_BLOB" });
		}
		const gone = decompressPiece(gzipSync(content), 1, AbortSignal.abort(new Error("enough")));
		await expect(gone.next()).rejects.toThrow("enough");
	});
});
