import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { splitTime, timeOf } from "../src/time.ts";

describe("timeOf", () => {
	test("of any seconds and nanoseconds", () => {
		const seconds = fc.oneof(
			fc.maxSafeInteger(),
			fc.integer({ min: 0, max: 2 ** 32 }),
			fc.constantFrom(0, 1, 65_535, 65_536, 2 ** 32 - 1, 2 ** 32, -1),
		);
		fc.assert(
			fc.property(seconds, fc.integer({ min: 0, max: 999_999_999 }), (sec, nsec) => {
				const expected = BigInt(sec) * 1_000_000_000n + BigInt(nsec);
				expect([timeOf(sec, nsec), timeOf(sec, nsec)]).toEqual([expected, expected]);
			}),
		);
	});
});

describe("splitTime", () => {
	test("of any time is what bigints say", () => {
		const near = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
		const far = fc.bigInt({ min: -(2n ** 93n), max: 2n ** 93n });
		const edge = fc
			.tuple(fc.bigInt({ min: -(2n ** 33n), max: 2n ** 33n }), fc.integer({ min: -2, max: 2 }))
			.map(([seconds, more]) => seconds * 1_000_000_000n + BigInt(more));
		fc.assert(
			fc.property(fc.oneof(near, far, edge), (time) => {
				const { seconds, nanoseconds } = splitTime(time, { seconds: 0, nanoseconds: 0 });
				expect(nanoseconds >= 0 && nanoseconds < 1_000_000_000).toBe(true);
				expect(BigInt(seconds) * 1_000_000_000n + BigInt(nanoseconds)).toBe(time);
			}),
			{ numRuns: 1000 },
		);
	});
});
