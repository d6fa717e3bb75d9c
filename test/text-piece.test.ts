import { describe, expect, test } from "@jest/globals";
import { piecesOf, pieceToBytes } from "../src/text-piece.ts";

describe("a piece", () => {
	test("of bytes is a view on them, and of text its UTF-8", () => {
		const bytes = new Uint8Array([0, 1, 2, 3]).subarray(1, 3);
		const view = pieceToBytes(bytes);
		bytes[0] = 9;
		expect([...view]).toEqual([9, 2]);
		expect(pieceToBytes("é").toString("hex")).toBe("c3a9");
		expect([...pieceToBytes(new DataView(Uint8Array.of(1, 2, 3).buffer, 1) as never)]).toEqual([2, 3]);
	});

	test("of text has no lone surrogate", () => {
		expect(() => pieceToBytes("a\udcff")).toThrow("the text has a lone surrogate: give it as bytes");
	});

	test.each([null, undefined, 5, true, {}, new ArrayBuffer(3)])("%p is none", (piece) => {
		expect(() => pieceToBytes(piece as never)).toThrow(
			expect.objectContaining({ code: "ERR_COMPOSEFS_ARGUMENT", rule: "source" }),
		);
	});
});

test("a text that is whole is one piece", () => {
	const bytes = Uint8Array.of(1);
	const pieces = ["a", bytes];
	expect([piecesOf("ab"), piecesOf(bytes), piecesOf(pieces)]).toEqual([["ab"], [bytes], pieces]);
});
