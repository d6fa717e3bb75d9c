import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { WantedRanges } from "../../../src/oci/registry/wanted-ranges.ts";

const SIZE = 100;
const blob = Buffer.from(Array.from({ length: SIZE }, (_, index) => index));
const someRanges = fc
	.uniqueArray(fc.integer({ min: 0, max: SIZE }), { minLength: 2, maxLength: 12 })
	.map((ends) => ends.sort((a, b) => a - b).slice(0, ends.length & ~1))
	.map((ends) =>
		Array.from({ length: ends.length / 2 }, (_, i) => ({
			start: ends[2 * i] ?? 0,
			end: ends[2 * i + 1] ?? 0,
		})),
	);

describe("wanted ranges", () => {
	test("are cut out of whatever comes, in order", () => {
		fc.assert(
			fc.property(someRanges, fc.array(fc.integer({ min: 1, max: 30 })), (ranges, lengths) => {
				const wanted = new WantedRanges(ranges, SIZE);
				const got: number[] = [];
				for (let at = 0, turn = 0; at < SIZE; turn++) {
					const bytes = blob.subarray(at, at + (lengths[turn] ?? 30));
					for (const piece of wanted.take({ offset: at, bytes }) ?? []) {
						expect(piece.bytes[0]).toBe(piece.offset);
						got.push(...piece.bytes);
					}
					at += bytes.length;
				}
				expect(wanted.isEmpty).toBe(true);
				expect(wanted.start).toBe(Number.POSITIVE_INFINITY);
				expect(got).toEqual(ranges.flatMap(({ start, end }) => [...blob.subarray(start, end)]));
				expect(wanted.received).toBe(got.length);
			}),
		);
	});

	test("go on within a range", () => {
		const wanted = new WantedRanges(
			[
				{ start: 10, end: 20 },
				{ start: 30, end: 31 },
			],
			SIZE,
		);
		wanted.take({ offset: 10, bytes: blob.subarray(10, 13) });
		expect(wanted.next(5)).toEqual([
			{ start: 13, end: 20 },
			{ start: 30, end: 31 },
		]);
		expect(wanted.next(1)).toEqual([{ start: 13, end: 20 }]);
		expect(wanted.take({ offset: 10, bytes: blob.subarray(10, 12) })).toEqual([]);
		expect(wanted.take({ offset: 15, bytes: blob.subarray(15, 20) })).toBeUndefined();
		expect(wanted.start).toBe(13);
	});

	test("empty ones are none", () => {
		expect(new WantedRanges([{ start: 5, end: 5 }], SIZE).isEmpty).toBe(true);
	});

	test.each([
		[[{ start: 5, end: 4 }]],
		[[{ start: -1, end: 4 }]],
		[[{ start: 0.5, end: 4 }]],
		[[{ start: 0, end: Number.NaN }]],
		[[{ start: 0, end: 101 }]],
		[
			[
				{ start: 5, end: 9 },
				{ start: 8, end: 10 },
			],
		],
		[
			[
				{ start: 5, end: 9 },
				{ start: 1, end: 2 },
			],
		],
	])("%j are refused", (ranges) => {
		expect(() => new WantedRanges(ranges, SIZE)).toThrow(
			expect.objectContaining({ code: "ERR_COMPOSEFS_ARGUMENT" }),
		);
	});
});
