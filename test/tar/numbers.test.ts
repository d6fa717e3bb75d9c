import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { parseDecimal, parseNumber, parseSeconds, parseTime } from "../../src/tar/numbers.ts";
import { base256 } from "../support/tar-writer.ts";

const number = (text: string) => parseNumber(Buffer.from(text, "latin1"), 0, text.length);

describe("octal", () => {
	test.each([
		["0000644\0", 0o644],
		["   644 \0", 0o644],
		["644\0junk", 0o644],
		["77777777", 0o77777777],
		["\0\0\0\0\0\0\0\0", 0],
		["        ", 0],
		["\x00644\0\0\0", 0o644],
	])("%j", (text, value) => expect(number(text)).toBe(value));

	test.each([
		"0000648\0",
		"-0000001",
		"0x1\0\0\0\0\0",
		"1.5\0\0\0\0\0",
		"6 44\0\0\0x".slice(0, 3).concat("x"),
	])("not %j", (text) => expect([Number.NaN, 6]).toContainEqual(number(text)));

	test("of twelve digits without an end", () => expect(number("777777777777")).toBe(8 ** 12 - 1));
});

describe("base-256", () => {
	test("of whatever fits, also below zero", () => {
		fc.assert(
			fc.property(fc.bigInt({ min: -(2n ** 93n), max: 2n ** 93n }), (value) => {
				expect(parseSeconds(base256(value, 12), 0, 12)).toBe(value);
			}),
		);
		fc.assert(
			fc.property(fc.maxSafeInteger(), (value) => {
				expect(parseNumber(base256(BigInt(value), 8), 0, 8)).toBe(value);
			}),
		);
	});
});

describe("seconds of a header", () => {
	test("are exact, or undefined", () => {
		expect(parseSeconds(Buffer.from("77777777777\0"), 0, 12)).toBe(8589934591n);
		expect(parseSeconds(Buffer.from("x"), 0, 1)).toBeUndefined();
	});
});

describe("decimals of pax records", () => {
	test.each(["", "-1", "+1", "1.0", "1 ", "0x10", "9007199254740992", "1".repeat(30)])("not %j", (text) => {
		expect(() => parseDecimal(Buffer.from(text), "uid", 512)).toThrow(
			expect.objectContaining({ rule: "pax-value", offset: 512 }),
		);
	});

	test("up to 2^53", () => {
		expect(parseDecimal(Buffer.from("0009007199254740991".slice(3)), "size", 0)).toBe(2 ** 53 - 1);
	});
});

describe("times of pax records", () => {
	test.each<[string, bigint]>([
		["0", 0n],
		["1700000000", 1_700_000_000_000_000_000n],
		["1.", 1_000_000_000n],
		["1.5", 1_500_000_000n],
		["1.000000001", 1_000_000_001n],
		["1.0000000019", 1_000_000_001n],
		["-1.5", -1_500_000_000n],
		["-0.000000001", -1n],
		["-0.0000000001", -1n],
		["10413792000.999999999", 10_413_792_000_999_999_999n],
	])("%s", (text, value) => expect(parseTime(Buffer.from(text), 0)).toBe(value));

	test.each(["", "-", ".5", "1e9", "1,5", "now", "1.5.5", "1".repeat(20), `1.${"0".repeat(100)}`])(
		"not %j",
		(text) => {
			expect(() => parseTime(Buffer.from(text), 7)).toThrow(
				expect.objectContaining({ code: "ERR_COMPOSEFS_TAR", rule: "pax-value", offset: 7 }),
			);
		},
	);
});
