import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { readTar } from "../../src/tar/read.ts";
import { countTurns } from "../support/event-loop.ts";
import { readArchive } from "../support/read-archive.ts";
import { archive, gnuSparse, header, padded, pax, paxSparse, type SparseMap } from "../support/tar-writer.ts";

const FORMS = ["gnu", "0.0", "0.1", "1.0"] as const;

/** A sparse file in one of its forms, the next header behind it. */
function sparseArchive(form: (typeof FORMS)[number], map: SparseMap, size: number, data: Uint8Array): Buffer {
	const file =
		form === "gnu"
			? Buffer.concat([gnuSparse({ name: "sparse", size: data.length }, map, size), padded(data)])
			: paxSparse(form, { name: "sparse", size, map, data });
	return archive(file, header({ name: "next" }));
}

/** The file that a map and its data describe. */
function expand(map: SparseMap, size: number, data: Uint8Array): Buffer {
	const file = Buffer.alloc(size);
	for (let index = 0, from = 0; index < map.length; index += 2) {
		const length = map[index + 1] as number;
		file.set(data.subarray(from, from + length), map[index] as number);
		from += length;
	}
	return file;
}

const segments = fc.array(fc.tuple(fc.nat(3000), fc.nat(1500)), { maxLength: 60 });

describe.each(FORMS)("sparse files of form %s", (form) => {
	test("have their bytes and their holes, whatever their map", async () => {
		await fc.assert(
			fc.asyncProperty(segments, fc.nat(2000), async (gaps, tail) => {
				const map: number[] = [];
				let end = 0;
				for (const [gap, length] of gaps) {
					map.push(end + gap, length);
					end += gap + length;
				}
				const size = end + tail;
				const stored = gaps.reduce((sum, [, length]) => sum + length, 0);
				const data = Buffer.from(Array.from({ length: stored }, (_, i) => 1 + (i % 255)));
				const [entry, next] = await readArchive(sparseArchive(form, map, size, data));
				expect(entry).toMatchObject({ name: "sparse", type: "file", size, holes: size - stored });
				expect(entry?.bytes.equals(expand(map, size, data))).toBe(true);
				expect(next?.name).toBe("next");
			}),
			{ numRuns: 60 },
		);
	});

	test("of 8 GiB take no time and no memory", async () => {
		const size = 2 ** 33;
		const bytes = sparseArchive(form, [2 ** 32, 4, size - 1, 1], size, Buffer.from("12345"));
		const chunks: (number | string)[] = [];
		for await (const entry of readTar([bytes]))
			for await (const chunk of entry.content())
				chunks.push(chunk instanceof Uint8Array ? Buffer.from(chunk).toString() : chunk.hole);
		expect(chunks).toEqual([2 ** 32, "1234", 2 ** 32 - 5, "5"]);
	});

	test.each<[string, SparseMap, number]>([
		["overlap", [0, 3, 2, 2], 100],
		["go back", [50, 3, 10, 2], 100],
		["exceed the file", [98, 5], 100],
		["begin behind the file's end", [200, 5], 100],
		["are more than is stored", [0, 6], 100],
		["are fewer than is stored", [0, 4], 100],
	])("are refused if segments %s", async (_title, map, size) => {
		const data = Buffer.from("12345");
		await expect(readArchive(sparseArchive(form, map, size, data))).rejects.toMatchObject({
			code: "ERR_COMPOSEFS_TAR",
			rule: "sparse-map",
		});
	});

	test("are refused if they have more segments than the limit", async () => {
		const map = Array.from({ length: 100 }, (_, i) => (i % 2 ? 1 : i));
		const bytes = sparseArchive(form, map, 200, Buffer.alloc(50));
		await expect(readArchive(bytes, { limits: { sparseSegments: 50 } })).resolves.toHaveLength(2);
		await expect(readArchive(bytes, { limits: { sparseSegments: 49 } })).rejects.toMatchObject({
			rule: "sparse-segments",
			limit: 49,
		});
	});

	test("with a map of many segments do not stall the event loop", async () => {
		const count = form === "0.0" ? 20_000 : 60_000;
		const map = Array.from({ length: 2 * count }, (_, i) => (i % 2 ? 1 : i));
		const bytes = sparseArchive(form, map, 2 * count, Buffer.alloc(count, 1));
		let holes = 0;
		const turns = await countTurns(async () => {
			for await (const entry of readTar([bytes], { limits: { paxSize: 2 ** 21 } }))
				for await (const chunk of entry.content()) if (!(chunk instanceof Uint8Array)) holes += chunk.hole;
		});
		expect(holes).toBe(count);
		expect(turns).toBeGreaterThan(5);
	});
});

describe("refused", () => {
	const refused = (rule: string, ...parts: Uint8Array[]) =>
		expect(readArchive(archive(...parts))).rejects.toMatchObject({ code: "ERR_COMPOSEFS_TAR", rule });
	const one: [string, string][] = [
		["GNU.sparse.major", "1"],
		["GNU.sparse.minor", "0"],
		["GNU.sparse.realsize", "100"],
	];

	test.each([
		["a count that is none", "x\n"],
		["a count that is not ended by the data's end", "5"],
		["fewer numbers than the count says", "2\n0\n1\n"],
		["numbers that are none", "1\n-1\n1\n"],
		["empty lines", "1\n\n1\n"],
		["numbers of too many digits", `1\n${"1".repeat(17)}\n1\n`],
	])("a map with %s", async (_title, text) => {
		await refused("sparse-map", pax(one), header({ size: 512 }), padded(text));
	});

	test("a map that is longer than the limit, before it is read", async () => {
		await refused("sparse-segments", pax(one), header({ size: 2 ** 40 }), padded("99999999999\n"));
	});

	test("a map without a file's size", async () => {
		await refused("sparse-map", pax([["GNU.sparse.map", "0,1"]]), header({ size: 1 }), padded("x"));
	});

	test("a map in a record with an odd number of numbers", async () => {
		await refused(
			"sparse-map",
			pax([
				["GNU.sparse.size", "9"],
				["GNU.sparse.map", "0,1,2"],
			]),
			header({ size: 1 }),
			padded("x"),
		);
	});

	test("a version that is not known", async () => {
		const version: [string, string][] = [...one.slice(1), ["GNU.sparse.major", "2"]];
		await refused("sparse-version", pax(version), header({ size: 512 }), padded("0\n"));
	});

	test("maps of what is no file, for all files, or twice", async () => {
		await refused("sparse-map", pax(one), header({ typeflag: "5" }));
		await refused("sparse-map", pax(one, "g"), header());
		await refused("extension", pax(one), gnuSparse({}, [0, 1], 1), padded("x"));
	});

	test("an old GNU file in another format", async () => {
		await refused("type", header({ typeflag: "S", format: "ustar" }));
	});

	test("an old GNU map that ends with the archive", async () => {
		const file = gnuSparse(
			{},
			Array.from({ length: 20 }, (_, i) => (i % 2 ? 1 : i)),
			100,
		);
		await expect(readArchive([file.subarray(0, 512)])).rejects.toMatchObject({ rule: "truncated" });
	});
});
