import { describe, expect, test } from "@jest/globals";
import { batchesOf } from "../../../src/oci/partial/batches.ts";
import type { WantedContent } from "../../../src/oci/partial/wanted.ts";

function contents(...ranges: readonly (readonly [start: number, end: number])[]): WantedContent[] {
	return ranges.map(([start, end]) => {
		const chunk = { start: 0, size: 1, range: { start, end }, digest: undefined };
		return { sha256: "", size: 1, name: `${start}`, chunks: [chunk], inodes: [] };
	});
}

describe("batches", () => {
	test("join neighbours", () => {
		const wanted = contents([0, 10], [100, 200], [1000, 1010]);
		expect([...batchesOf(wanted)]).toEqual([
			{
				contents: wanted,
				ranges: [
					{ start: 0, end: 200 },
					{ start: 1000, end: 1010 },
				],
			},
		]);
	});

	test("bug: of one content with more ranges than a call can have arguments", () => {
		const [content] = contents([0, 1]) as [WantedContent];
		const chunks = Array.from({ length: 200_000 }, (_, n) => {
			const range = { start: n * 1000, end: n * 1000 + 1 };
			return { start: n, size: 1, range, digest: undefined };
		});
		const [batch] = batchesOf([{ ...content, chunks }]);
		expect(batch?.ranges).toHaveLength(chunks.length);
	});

	test("have at most 200 ranges and 8 MiB, unless one content has more", () => {
		const far = contents(...Array.from({ length: 450 }, (_, n) => [n * 1000, n * 1000 + 10] as const));
		expect([...batchesOf(far)].map(({ ranges }) => ranges.length)).toEqual([200, 200, 50]);
		const size = 3 << 20;
		const large = contents(
			[0, size],
			[size, 2 * size],
			[2 * size, 3 * size],
			[3 * size, 13 * size],
			[13 * size, 14 * size],
		);
		const batches = [...batchesOf(large)];
		expect(batches.map((batch) => batch.contents.length)).toEqual([2, 1, 1, 1]);
		expect(batches.flatMap((batch) => batch.contents)).toEqual(large);
	});

	test("may have just 8 MiB, and each joins its neighbours", () => {
		const half = 4 << 20;
		const [content] = contents([0, 1]) as [WantedContent];
		const chunk = (start: number, end: number) => {
			const range = { start, end };
			return { start: 0, size: 1, range, digest: undefined };
		};
		const last = { ...content, chunks: [chunk(2 * half, 3 * half), chunk(3 * half, 3 * half + 1)] };
		const batches = [...batchesOf([...contents([0, half], [half, 2 * half]), last])];
		expect(batches.map(({ ranges }) => ranges)).toEqual([
			[{ start: 0, end: 2 * half }],
			[{ start: 2 * half, end: 3 * half + 1 }],
		]);
	});

	test("are one, of a blob of which each request brings all", () => {
		const far = contents(...Array.from({ length: 450 }, (_, n) => [n << 20, (n << 20) + 900_000] as const));
		const batches = [...batchesOf(far, true)];
		expect(batches.map(({ ranges }) => ranges.length)).toEqual([450]);
		expect(batches[0]?.contents).toEqual(far);
	});

	test("of nothing are none; a content of holes alone needs no range", () => {
		expect([...batchesOf([])]).toEqual([]);
		const hole = { ...(contents([0, 1])[0] as WantedContent), chunks: [] };
		expect([...batchesOf([hole])]).toEqual([{ contents: [hole], ranges: [] }]);
	});
});
