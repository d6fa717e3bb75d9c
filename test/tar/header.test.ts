import { describe, expect, test } from "@jest/globals";
import { isZeroBlock, parseHeader, parseText } from "../../src/tar/header.ts";
import { header } from "../support/tar-writer.ts";

describe("headers", () => {
	test("stand anywhere in a chunk", () => {
		const chunk = Buffer.concat([Buffer.alloc(100, "x"), header({ name: "a", size: 7 })]);
		expect(parseHeader(chunk, 100, 5)).toMatchObject({ offset: 5, name: "a", size: 7, format: "ustar" });
	});

	test.each(["v7", "ustar", "star", "gnu"] as const)("of %s are known", (format) => {
		expect(parseHeader(header({ format }), 0, 0)).toMatchObject({ format });
	});

	test("have sums of unsigned bytes, or of signed ones as old writers made them", () => {
		const name = Buffer.from("caf\xe9\xff", "latin1");
		for (const checksum of ["unsigned", "signed"] as const)
			expect(parseHeader(header({ name, checksum }), 0, 0).name).toBe("caf\udce9\udcff");
		expect(() => parseHeader(header({ name, checksum: "wrong" }), 0, 512)).toThrow(
			expect.objectContaining({ code: "ERR_COMPOSEFS_TAR", rule: "checksum", offset: 512 }),
		);
	});

	test("with one bit changed, whichever, are refused", () => {
		const block = header({ name: "name", uid: 1000, mtime: 1e9 });
		for (let bit = 0; bit < 4096; bit++) {
			const damaged = Buffer.from(block);
			damaged[bit >> 3] = (damaged[bit >> 3] as number) ^ (1 << (bit & 7));
			// The sum's own terminators, and the space before it, mean nothing.
			if (bit >= 148 * 8 && bit < 156 * 8) continue;
			expect(() => parseHeader(damaged, 0, 0)).toThrow(expect.objectContaining({ rule: "checksum" }));
		}
	});

	test("of all zeros are the end", () => {
		const block = Buffer.alloc(513);
		expect(isZeroBlock(block, 1)).toBe(true);
		block[512] = 1;
		expect([isZeroBlock(block, 0), isZeroBlock(block, 1)]).toEqual([true, false]);
	});

	test("have text up to a NUL, or the field's end", () => {
		const block = Buffer.from("abc\0def\xe9", "latin1");
		expect([parseText(block, 0, 7), parseText(block, 0, 2), parseText(block, 4, 4)]).toEqual([
			"abc",
			"ab",
			"def\udce9",
		]);
	});
});
