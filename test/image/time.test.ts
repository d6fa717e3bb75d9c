import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { readTime } from "../../src/image/time.ts";

function timeOf(seconds: bigint, nanoseconds: number): bigint {
	const view = new DataView(new ArrayBuffer(16));
	view.setBigInt64(0, seconds, true);
	view.setUint32(8, nanoseconds, true);
	return readTime(view, 0, 8, 0);
}

describe("readTime", () => {
	test("of any seconds and nanoseconds", () => {
		const seconds = fc.oneof(
			fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
			fc.bigInt({ min: 0n, max: 2n ** 32n }),
			fc.constantFrom(0n, 1n, 65_535n, 65_536n, 2n ** 32n - 1n, 2n ** 32n, -1n),
		);
		fc.assert(
			fc.property(seconds, fc.integer({ min: 0, max: 999_999_999 }), (sec, nsec) => {
				expect(timeOf(sec, nsec)).toBe(sec * 1_000_000_000n + BigInt(nsec));
			}),
		);
	});

	test("the same again", () => {
		expect([timeOf(5n, 6), timeOf(5n, 6), timeOf(5n, 7), timeOf(0n, 0)]).toEqual([
			5_000_000_006n,
			5_000_000_006n,
			5_000_000_007n,
			0n,
		]);
	});
});
