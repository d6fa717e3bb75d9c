import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { parseTime } from "../../src/toc/time.ts";

function parse(text: string): bigint | undefined {
	// Bytes of others stand around it.
	return parseTime(Buffer.from(`11${text}11`), 2, text.length + 2);
}

describe("times", () => {
	test.each([
		["1970-01-01T00:00:00Z", 0n],
		["2026-11-23T17:57:29.701785936Z", 1_795_456_649_701_785_936n],
		["1960-01-01T00:00:00.123456789Z", -315_619_199_876_543_211n],
		["2300-01-01T00:00:00.999999999Z", 10_413_792_000_999_999_999n],
		["2106-02-07T06:28:16Z", 4_294_967_296_000_000_000n],
		["2000-02-29T12:00:00+02:00", 951_818_400_000_000_000n],
		["2000-02-29T12:00:00-00:30", 951_827_400_000_000_000n],
		["2001-01-01T00:00:00.5Z", 978_307_200_500_000_000n],
		["0001-01-01T00:00:00Z", 0n],
		["0001-01-01T00:00:00.000000001Z", -62_135_596_799_999_999_999n],
		["0000-01-01T00:00:00Z", -62_167_219_200_000_000_000n],
		["9999-12-31T23:59:59Z", 253_402_300_799_000_000_000n],
	])("%s", (text, expected) => expect(parse(text)).toBe(expected));

	test.each([
		..."|2026|2026-11-23|2026-11-23T17:57:29|2026-11-23 17:57:29Z|2026-11-23T17:57:29z".split("|"),
		..."2026-13-01T00:00:00Z|2026-00-01T00:00:00Z|2026-02-29T00:00:00Z|1900-02-29T00:00:00Z".split("|"),
		..."2026-11-23T24:00:00Z|2026-11-23T23:60:00Z|2026-11-23T23:59:60Z|2026-11-31T00:00:00Z".split("|"),
		..."2026-11-23T17:57:29.Z|2026-11-23T17:57:29.1234567890Z|2026-11-23T17:57:29,5Z".split("|"),
		..."2026-11-23T17:57:29+0200|2026-11-23T17:57:29+02|2026-11-23T17:57:29+24:00|2026-11-23T17:57:29Z ".split(
			"|",
		),
		..."+2026-11-23T17:57:29Z|20a6-11-23T17:57:29Z|2026-11-23T17:57:29.5|junk".split("|"),
	])("%p is none", (text) => expect(parse(text)).toBeUndefined());

	test("are those of Date, to the millisecond", () => {
		const date = fc.date({
			min: new Date(Date.UTC(1, 1)),
			max: new Date(Date.UTC(9999, 1)),
			noInvalidDate: true,
		});
		fc.assert(
			fc.property(date, (value) => {
				expect(parse(value.toISOString())).toBe(BigInt(value.getTime()) * 1_000_000n);
			}),
		);
	});

	test("nothing makes it throw", () => {
		fc.assert(fc.property(fc.string({ unit: "binary-ascii", maxLength: 40 }), (text) => void parse(text)));
	});
});
