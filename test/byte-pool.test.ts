import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { copyOf, newBytes } from "../src/byte-pool.ts";

test("copies are what they are of, and stay so", () => {
	const part = fc.tuple(fc.uint8Array({ maxLength: 6000, size: "max" }), fc.nat(6000), fc.nat(6000));
	fc.assert(
		fc.property(fc.array(part, { maxLength: 30 }), (parts) => {
			const copies = parts.map(([bytes, a, b]) => {
				const start = Math.min(a, b, bytes.length);
				const length = Math.min(Math.max(a, b), bytes.length) - start;
				const expected = Buffer.from(bytes)
					.subarray(start, start + length)
					.toString("hex");
				const copy = copyOf(bytes, start, length);
				bytes.fill(0);
				return { expected, copy };
			});
			for (const { expected, copy } of copies) expect(Buffer.from(copy).toString("hex")).toBe(expected);
		}),
		{ numRuns: 50 },
	);
});

test("new bytes are zeros, and nobody else's", () => {
	fc.assert(
		fc.property(fc.array(fc.nat(6000), { maxLength: 60 }), (lengths) => {
			const arrays = lengths.map((length) => newBytes(length));
			for (const [index, bytes] of arrays.entries()) {
				expect(bytes.every((byte) => byte === 0)).toBe(true);
				bytes.fill(index + 1);
			}
			for (const [index, bytes] of arrays.entries())
				expect(bytes.length === lengths[index] && bytes.every((byte) => byte === index + 1)).toBe(true);
		}),
		{ numRuns: 50 },
	);
});

test("bug: of a Buffer, what is longer than 4,096 bytes was no copy", () => {
	const bytes = Buffer.alloc(5000, 1);
	const copy = copyOf(bytes, 0, 5000);
	bytes.fill(2);
	expect(copy).toEqual(new Uint8Array(5000).fill(1));
});
