import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { encodeFrame, FrameReader, MAX_FRAME } from "../../src/sandbox/frames.ts";

describe("frames", () => {
	test("come out as they went in, however they are cut", () => {
		const cut = fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1 });
		fc.assert(
			fc.property(fc.array(fc.jsonValue()), cut, (values, lengths) => {
				const bytes = Buffer.concat(values.map(encodeFrame));
				const reader = new FrameReader();
				const found: unknown[] = [];
				for (let at = 0, next = 0; at < bytes.length; next++) {
					const end = at + (lengths[next % lengths.length] as number);
					found.push(...reader.read(bytes.subarray(at, end)));
					at = end;
				}
				expect(found).toEqual(values.map((value) => JSON.parse(JSON.stringify(value))));
			}),
		);
	});

	test("any bytes are frames, or refused by the protocol's rule", () => {
		fc.assert(
			fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
				try {
					return [...new FrameReader().read(bytes)].length >= 0;
				} catch (error) {
					expect(error).toMatchObject({ code: "ERR_COMPOSEFS_SANDBOX", rule: "protocol" });
					return true;
				}
			}),
		);
	});

	test("a length is refused before anything is kept for it", () => {
		const header = Buffer.alloc(4);
		header.writeUInt32LE(MAX_FRAME);
		expect([...new FrameReader().read(header)]).toEqual([]);
		header.writeUInt32LE(MAX_FRAME + 1);
		expect(() => [...new FrameReader().read(header)]).toThrow(`a frame of ${MAX_FRAME + 1} bytes`);
	});
});
