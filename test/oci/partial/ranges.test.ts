import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { GAP, joinRanges, lengthOf } from "../../../src/oci/partial/ranges.ts";

const arbitraryRanges = fc
	.array(fc.tuple(fc.nat({ max: 3 * GAP }), fc.integer({ min: 1, max: 2000 })), { maxLength: 40 })
	.map((steps) => {
		let at = 0;
		return steps.map(([gap, length]) => {
			const start = at + gap;
			at = start + length;
			return { start, end: at };
		});
	});

describe("joined ranges", () => {
	test("bridge what is no wider than the gap", () => {
		const ranges = [
			{ start: 0, end: 10 },
			{ start: 12, end: 20 },
			{ start: 23, end: 30 },
		];
		expect(joinRanges(ranges, 2)).toEqual([
			{ start: 0, end: 20 },
			{ start: 23, end: 30 },
		]);
		expect(joinRanges(ranges, 0)).toEqual(ranges);
		expect(joinRanges([])).toEqual([]);
	});

	test("have all the bytes, stand apart, and bridge no more than they may", () => {
		fc.assert(
			fc.property(arbitraryRanges, (ranges) => {
				const joined = joinRanges(ranges);
				for (const { start, end } of ranges)
					expect(joined.some((range) => range.start <= start && end <= range.end)).toBe(true);
				for (const [n, range] of joined.entries())
					expect(range.start - (joined[n - 1]?.end ?? -GAP - 1)).toBeGreaterThan(GAP);
				const bridged = lengthOf(joined) - lengthOf(ranges);
				expect(bridged).toBeLessThanOrEqual(GAP * (ranges.length - joined.length));
			}),
		);
	});
});
