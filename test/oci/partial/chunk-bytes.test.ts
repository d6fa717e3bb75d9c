import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { type BlobSource, type ByteRange, bytesBlob, type RangePiece } from "../../../src/blob.ts";
import { ChunkBytes, readPieces } from "../../../src/oci/partial/chunk-bytes.ts";
import { expectGivenUp } from "../../support/stuck.ts";

const bytes = Buffer.from(Array.from({ length: 256 }, (_, n) => n));

async function listOf<T>(items: AsyncIterable<T>): Promise<T[]> {
	const list: T[] = [];
	for await (const item of items) list.push(item);
	return list;
}

const all = async (pieces: AsyncIterable<Uint8Array>) => Buffer.concat(await listOf(pieces));

describe("the bytes of chunks", () => {
	const arbitraryCuts = fc.uniqueArray(fc.integer({ min: 1, max: 255 }), { maxLength: 12 });

	test("are those of their ranges, however the pieces are cut", async () => {
		await fc.assert(
			fc.asyncProperty(arbitraryCuts, arbitraryCuts, async (pieceCuts, chunkCuts) => {
				const cut = (cuts: number[]): ByteRange[] => {
					const places = [0, ...cuts.sort((a, b) => a - b), 256];
					return places.slice(1).map((end, n) => ({ start: places[n] as number, end }));
				};
				async function* pieces(): AsyncGenerator<RangePiece> {
					for (const { start, end } of cut(pieceCuts))
						yield { offset: start, bytes: bytes.subarray(start, end) };
				}
				let told = 0;
				const source = new ChunkBytes("blob", pieces(), (count) => {
					told += count;
				});
				// Every second one is passed over.
				for (const range of cut(chunkCuts).filter((_, n) => n % 2 === 0))
					expect(await all(source.take(range))).toEqual(bytes.subarray(range.start, range.end));
				expect(told).toBeLessThanOrEqual(256);
			}),
		);
	});

	test("that do not come are an error, also where others come in their place", async () => {
		const short = new ChunkBytes(
			"blob",
			readPieces(bytesBlob(bytes), [{ start: 0, end: 10 }], undefined),
			() => {},
		);
		await expect(all(short.take({ start: 5, end: 12 }))).rejects.toMatchObject({
			code: "ERR_COMPOSEFS_BLOB",
			rule: "blob-size",
			actual: 10,
		});
		const other = new ChunkBytes(
			"blob",
			readPieces(bytesBlob(bytes), [{ start: 20, end: 30 }], undefined),
			() => {},
		);
		await expect(all(other.take({ start: 5, end: 25 }))).rejects.toMatchObject({
			rule: "blob-size",
			actual: 5,
		});
	});

	test("bug: those of a source that passes over its signal were waited for", async () => {
		const range = { start: 0, end: 200 };
		const piece = bytes.subarray(0, 100);
		await expectGivenUp([piece], (source, signal) =>
			listOf(readPieces({ ...bytesBlob(bytes), read: () => source }, [range], signal)),
		);
		await expectGivenUp([{ offset: 0, bytes: piece }], (source, signal) =>
			listOf(readPieces({ ...bytesBlob(bytes), readRanges: () => source }, [range], signal)),
		);
	});

	test("need no more of their source when nobody wants more, whatever it says to that", async () => {
		let closed = 0;
		async function* pieces(): AsyncGenerator<RangePiece> {
			try {
				for (let offset = 0; ; offset += 10) yield { offset, bytes: bytes.subarray(0, 10) };
			} finally {
				closed++;
				await Promise.reject(new Error("not so"));
			}
		}
		const source = new ChunkBytes("blob", pieces(), () => undefined);
		await all(source.take({ start: 5, end: 15 }));
		expect(closed).toBe(0);
		source.close();
		await new Promise(setImmediate);
		expect(closed).toBe(1);
	});

	test("are asked for with the signal", async () => {
		const told: unknown[] = [];
		const { signal } = new AbortController();
		const blob: BlobSource = {
			...bytesBlob(bytes),
			read: (options) => {
				told.push(options?.signal);
				return bytesBlob(bytes).read(options);
			},
		};
		const readRanges: BlobSource["readRanges"] = async function* (_ranges, options) {
			told.push(options?.signal);
			yield { offset: 0, bytes };
		};
		for (const source of [blob, { ...blob, readRanges }])
			await listOf(readPieces(source, [{ start: 0, end: 1 }], signal));
		expect(told).toEqual([signal, signal]);
	});

	test("come in one request where the source can", async () => {
		const ranges = [
			{ start: 1, end: 3 },
			{ start: 7, end: 9 },
		];
		const asked: unknown[] = [];
		const blob: BlobSource = {
			...bytesBlob(bytes),
			readRanges: async function* (wanted) {
				asked.push(wanted);
				for (const { start, end } of wanted) yield { offset: start, bytes: bytes.subarray(start, end) };
			},
		};
		const found = await listOf(readPieces(blob, ranges, undefined));
		expect(asked).toEqual([ranges]);
		expect(found).toEqual(await listOf(readPieces(bytesBlob(bytes), ranges, undefined)));
	});
});
