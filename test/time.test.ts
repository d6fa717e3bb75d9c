import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { toNanoseconds } from "../src/time.ts";

describe("toNanoseconds", () => {
	test("is what bigints give, whatever came before", () => {
		const seconds = fc.oneof(fc.maxSafeInteger(), fc.nat(), fc.constantFrom(0, -1, 2 ** 32 - 1, 2 ** 32));
		fc.assert(
			fc.property(seconds, fc.nat(999_999_999), (sec, nsec) => {
				const expected = BigInt(sec) * 1_000_000_000n + BigInt(nsec);
				expect([toNanoseconds(sec, nsec), toNanoseconds(sec, nsec)]).toEqual([expected, expected]);
			}),
		);
	});
});
