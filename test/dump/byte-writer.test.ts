import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { ByteWriter } from "../../src/dump/byte-writer.ts";
import { ESCAPES, type Escapes, unescapeBytes, XATTR_ESCAPES } from "../../src/dump/escape.ts";

/** What a call writes, into a buffer that must grow for it. */
function written(write: (writer: ByteWriter) => void): string {
	const writer = new ByteWriter(1);
	write(writer);
	expect(writer.length).toBe(writer.written.length);
	return writer.written.toString("latin1");
}

const escaped = (value: string | Uint8Array, escapes: Escapes) =>
	written((writer) => writer.escaped(value, escapes));

describe("numbers", () => {
	test("are as toString has them", () => {
		const numbers = fc.oneof(
			fc.nat(),
			fc.maxSafeNat(),
			fc.constantFrom(0, 7, 8, 9, 10, 99, 100, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1, 2 ** 53),
		);
		fc.assert(
			fc.property(numbers, fc.integer({ min: 0, max: 0o177777 }), (decimal, octal) => {
				expect(written((writer) => writer.decimal(decimal))).toBe(String(decimal));
				expect(written((writer) => writer.octal(octal))).toBe(octal.toString(8));
			}),
		);
	});
});

describe("escapes", () => {
	test.each([
		["--", "--", "--"],
		["a b", "a\\x20b", "a\\x20b"],
		["a=b", "a=b", "a\\x3db"],
		["é", "\\xc3\\xa9", "\\xc3\\xa9"],
		["\udc80", "\\x80", "\\x80"],
		["plain\n", "plain\\n", "plain\\n"],
		[Buffer.from("x=\n"), "x=\\n", "x\\x3d\\n"],
		[Uint8Array.of(0, 255, 0x3d), "\\x00\\xff=", "\\x00\\xff\\x3d"],
		[new Uint8Array(0), "", ""],
	])("%j is written %s, in xattrs %s", (value, text, inXattr) => {
		expect(escaped(value, ESCAPES)).toBe(text);
		expect(escaped(value, XATTR_ESCAPES)).toBe(inXattr);
	});

	test("any bytes come back, and what is written is visible ASCII", () => {
		fc.assert(
			fc.property(fc.uint8Array({ minLength: 1, maxLength: 60 }), (bytes) => {
				for (const escapes of [ESCAPES, XATTR_ESCAPES]) {
					const text = Buffer.from(escaped(bytes, escapes), "latin1");
					expect(text.toString("latin1")).toMatch(/^[!-~]+$/);
					expect(Buffer.from(unescapeBytes(text, 0, text.length))).toEqual(Buffer.from(bytes));
				}
			}),
		);
	});
});

describe("what was written", () => {
	test("is given away with its memory, or written over", () => {
		const writer = new ByteWriter(4);
		writer.ascii("abc");
		const first = writer.take();
		writer.ascii("xy");
		writer.truncate(1);
		writer.byte(0x7a);
		expect([first.toString(), writer.written.toString()]).toEqual(["abc", "xz"]);
		expect(written((other) => other.copy(Buffer.from("12345"), 3))).toBe("123");
	});
});
