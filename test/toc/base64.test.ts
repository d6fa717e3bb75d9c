import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { decodeBase64 } from "../../src/toc/base64.ts";
import type { Bytes } from "../../src/toc/json.ts";

function decode(text: string): Uint8Array | undefined {
	return decodeBase64(Buffer.from(`x${text}=`) as Bytes, 1, text.length + 1);
}

describe("base64", () => {
	test("of any bytes gives them back", () => {
		fc.assert(
			fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
				expect(decode(Buffer.from(bytes).toString("base64"))).toEqual(bytes);
			}),
		);
	});

	test.each([
		"A",
		"AA",
		"AAA",
		"AB==",
		"AAB=",
		"A===",
		"====",
		"AA=A",
		"A-_A",
		"AA A",
		"AAAA\n",
		"=AAA",
		"é===",
	])("%p is none", (text) => expect(decode(text)).toBeUndefined());

	test("has one form for each bytes", () => {
		fc.assert(
			fc.property(fc.string({ unit: fc.constantFrom(..."AQg/+="), maxLength: 9 }), (text) => {
				const bytes = decode(text);
				if (bytes !== undefined) expect(Buffer.from(bytes).toString("base64")).toBe(text);
			}),
		);
	});
});
