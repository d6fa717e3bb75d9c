import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { LineParts, toBuffer } from "../../src/dump/source.ts";

describe("a piece", () => {
	test("of bytes is a view on them, and of text its UTF-8", () => {
		const bytes = new Uint8Array([0, 1, 2, 3]).subarray(1, 3);
		const view = toBuffer(bytes);
		bytes[0] = 9;
		expect([...view]).toEqual([9, 2]);
		expect(toBuffer("é").toString("hex")).toBe("c3a9");
	});

	test("of text has no lone surrogate", () => {
		expect(() => toBuffer("a\udcff")).toThrow("the dump has a lone surrogate: give it as bytes");
	});
});

test("a line that comes in parts is all of them, whatever becomes of their memory", () => {
	fc.assert(
		fc.property(fc.array(fc.uint8Array({ maxLength: 5 }), { maxLength: 5 }), (parts) => {
			const whole = Buffer.concat(parts);
			const line = new LineParts();
			for (const part of parts) {
				line.add(Buffer.from(part.buffer, part.byteOffset, part.byteLength));
				part.fill(0);
			}
			expect(line.length).toBe(whole.length);
			expect(line.take()).toEqual([whole, 0, whole.length]);
			expect([line.length, line.take()]).toEqual([0, [Buffer.alloc(0), 0, 0]]);
		}),
	);
});
