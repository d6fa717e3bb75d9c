import { describe, expect, test } from "@jest/globals";
import {
	ESCAPES,
	EscapeError,
	escapeName,
	unescapeBytes,
	unescapeName,
	XATTR_ESCAPES,
} from "../../src/dump/escape.ts";

const unescaped = (text: string) => {
	const line = Buffer.from(text, "latin1");
	return Buffer.from(unescapeBytes(line, 0, line.length)).toString("latin1");
};

describe("unescapeBytes", () => {
	test.each([
		["nothing", "", ""],
		["plain text", "abc", "abc"],
		["a backslash", "a\\\\b", "a\\b"],
		["a line feed", "\\n", "\n"],
		["a carriage return", "\\r", "\r"],
		["a tab", "\\t", "\t"],
		["hexadecimal in lower case", "\\xff\\x0a", "\xff\n"],
		["hexadecimal in upper case", "\\xFf\\xAB", "\xff\xab"],
		["NUL", "\\x00", "\0"],
		["digits behind an escape", "\\x414", "A4"],
		["an escaped backslash before x", "\\\\x41", "\\x41"],
		["a raw tab and bytes beyond ASCII", "\t\xe9", "\t\xe9"],
	])("%s", (_title, text, bytes) => {
		expect(unescaped(text)).toBe(bytes);
	});

	test.each([
		["a backslash at the end", "a\\", '"\\\\"'],
		["an unknown letter", "\\q", '"\\\\q"'],
		["an octal escape", "\\012", '"\\\\012"'],
		["a capital X", "\\X41", '"\\\\X41"'],
		["no digits", "\\x", '"\\\\x"'],
		["one digit", "\\x4", '"\\\\x4"'],
		["a digit that is none", "\\x4g", '"\\\\x4g"'],
	])("refuses %s", (_title, text, shown) => {
		expect(() => unescaped(text)).toThrow(new EscapeError(`unknown escape ${shown}`));
	});

	test("an escape does not reach beyond the field", () => {
		const line = Buffer.from("\\x41 \\n");
		expect(() => unescapeBytes(line, 0, 3)).toThrow(EscapeError);
		expect(() => unescapeBytes(line, 5, 6)).toThrow(EscapeError);
		expect(unescapeBytes(line, 5, 7)).toEqual(Uint8Array.of(10));
	});
});

describe("names", () => {
	test("are bytes first, and UTF-8 where they can be", () => {
		const line = Buffer.from("\\xc3\\xa9 \\xff");
		expect(unescapeName(line, 0, 8)).toBe("é");
		expect(unescapeName(line, 9, 13)).toBe("\udcff");
	});

	test.each([
		["plain", "/usr/bin", "/usr/bin"],
		["what is visible in ASCII", "!~=-@\"'", "!~=-@\"'"],
		["a space", "a b", "a\\x20b"],
		["a backslash", "a\\b", "a\\\\b"],
		["line feed, carriage return and tab", "\n\r\t", "\\n\\r\\t"],
		["controls", "\x01\x1f\x7f", "\\x01\\x1f\\x7f"],
		["letters beyond ASCII, byte by byte", "é", "\\xc3\\xa9"],
		["bytes that are not UTF-8", "\udcff", "\\xff"],
		["a lone dash", "-", "-"],
	])("%s", (_title, name, text) => {
		expect(escapeName(name)).toBe(text);
		expect(unescapeName(Buffer.from(text), 0, text.length)).toBe(name);
	});
});

test("tables say what is plain, and have texts that are read as their bytes", () => {
	for (const { texts, plain } of [ESCAPES, XATTR_ESCAPES])
		for (const [byte, bytes] of texts.entries()) {
			const text = Buffer.from(bytes).toString("latin1");
			expect(text).toMatch(/^[!-~]{1,4}$/);
			expect(unescaped(text)).toBe(String.fromCharCode(byte));
			expect(plain[byte]).toBe(text.length === 1 ? 1 : 0);
		}
	const isEscaped = [ESCAPES, XATTR_ESCAPES].map(({ plain }) => plain[0x3d] === 0);
	expect(isEscaped).toEqual([false, true]);
});
