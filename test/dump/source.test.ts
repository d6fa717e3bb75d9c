import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { LineParts } from "../../src/dump/source.ts";

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
