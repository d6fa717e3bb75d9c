import { writeFile } from "node:fs/promises";
import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { type BlobSource, bytesBlob, fileBlob, readBlob, sizeOfBlob } from "../src/blob.ts";
import { expectGivenUp } from "./support/stuck.ts";
import { useTemporaryFolder } from "./support/temporary.ts";

const temporary = useTemporaryFolder();

async function blobsOf(bytes: Uint8Array): Promise<BlobSource[]> {
	await writeFile(temporary("blob"), bytes);
	return [bytesBlob(bytes), fileBlob(temporary("blob"))];
}

describe("blobs", () => {
	test("give any range of their bytes", async () => {
		const range = fc.record({ start: fc.nat(60), length: fc.nat(60) });
		await fc.assert(
			fc.asyncProperty(fc.uint8Array({ maxLength: 100 }), range, async (bytes, { start, length }) => {
				for (const blob of await blobsOf(bytes)) {
					expect(await blob.size()).toBe(bytes.length);
					const found = await readBlob(blob, { range: { start, end: start + length }, limit: 1000 });
					expect(found).toEqual(Buffer.from(bytes.subarray(start, start + length)));
					expect(await readBlob(blob, { limit: 1000 })).toEqual(Buffer.from(bytes));
				}
			}),
			{ numRuns: 50 },
		);
	});

	test("of more bytes than are wanted are refused", async () => {
		for (const blob of await blobsOf(Buffer.alloc(11)))
			await expect(readBlob(blob, { limit: 10 })).rejects.toMatchObject({
				code: "ERR_COMPOSEFS_BLOB",
				rule: "blob-size",
				limit: 10,
				message: `${blob.name}: more than 10 bytes`,
			});
	});

	test("that are not there fail as the system says", async () => {
		await expect(fileBlob(temporary("none")).size()).rejects.toMatchObject({ code: "ENOENT" });
		await expect(readBlob(fileBlob(temporary("none")), { limit: 1 })).rejects.toMatchObject({
			code: "ENOENT",
		});
	});

	test("are not read when the signal has aborted", async () => {
		for (const blob of await blobsOf(Buffer.alloc(11)))
			await expect(readBlob(blob, { limit: 99, signal: AbortSignal.abort() })).rejects.toMatchObject({
				name: "AbortError",
			});
	});

	test("bug: those of somebody else's that pass over their signal were waited for", async () => {
		await expectGivenUp([Buffer.alloc(5)], (source, signal) =>
			readBlob({ ...bytesBlob(Buffer.alloc(0)), read: () => source }, { limit: 9, signal }),
		);
		const controller = new AbortController();
		const size = () => new Promise<never>(() => setImmediate(() => controller.abort(new Error("enough"))));
		const blob = { ...bytesBlob(Buffer.alloc(0)), size };
		await expect(sizeOfBlob(blob, controller.signal)).rejects.toThrow("enough");
	});

	test("bug: those in memory came in one piece, and kept the event loop until it was hashed", async () => {
		let turns = 0;
		const count = setInterval(() => turns++, 0);
		const pieces: number[] = [];
		for await (const piece of bytesBlob(Buffer.alloc((1 << 22) + 1)).read()) {
			pieces.push(piece.length);
			// As long as work with each of them may take.
			for (const begin = performance.now(); performance.now() < begin + 2; );
		}
		clearInterval(count);
		expect(pieces).toEqual([...Array(16).fill(1 << 18), 1]);
		expect(turns).toBeGreaterThan(4);
	});

	test("bug: a signal's reason that has a code became another error", async () => {
		const [, blob] = await blobsOf(Buffer.alloc(1 << 20));
		const controller = new AbortController();
		const reason = Object.assign(new Error("enough"), { code: "EMINE" });
		const reading = (async () => {
			for await (const _piece of blob?.read({ signal: controller.signal }) ?? []) controller.abort(reason);
		})();
		await expect(reading).rejects.toBe(reason);
	});
});
