import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { timeOf } from "../src/time.ts";

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
