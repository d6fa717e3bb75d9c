import { describe, expect, test } from "@jest/globals";
import { FIELDS, type Field, INDEX } from "../../src/dump/fields.ts";
import { DumpLine } from "../../src/dump/line.ts";
import { ComposefsError } from "../../src/errors.ts";

function read(text: string): DumpLine {
	const line = new DumpLine();
	const bytes = Buffer.from(text, "latin1");
	line.read(bytes, 0, bytes.length);
	return line;
}

/** A line with one field replaced. */
function lineWith(field: (typeof FIELDS)[number], value: string): DumpLine {
	const values = {
		PATH: "/p",
		SIZE: "1",
		MODE: "644",
		NLINK: "2",
		UID: "3",
		GID: "4",
		RDEV: "5",
		MTIME: "6.7",
	};
	const all: Record<string, string> = {
		...values,
		PAYLOAD: "pay",
		CONTENT: "con",
		DIGEST: "dig",
		[field]: value,
	};
	return read(FIELDS.map((name) => all[name]).join(" "));
}

function failure(action: () => unknown): Partial<ComposefsError> {
	try {
		action();
	} catch (error) {
		expect(error).toBeInstanceOf(ComposefsError);
		const { code, line, field, message } = error as ComposefsError;
		return { code, message, ...(line !== undefined && { line }), ...(field !== undefined && { field }) };
	}
	throw new Error("nothing was thrown");
}

const refused = (field: Field | undefined, problem: string) => ({
	code: "ERR_COMPOSEFS_DUMP",
	line: 1,
	...(field !== undefined && { field }),
	message: `line 1: ${field === undefined ? "" : `${field}: `}${problem}`,
});

describe("fields", () => {
	test("are found in their order", () => {
		const line = read("/a 1 644 2 3 4 5 6.7 pay con dig user.a=1");
		expect(line.text(INDEX.PATH)).toBe("/a");
		expect([line.isLink, line.mode()]).toEqual([false, 0o644]);
		expect(
			(["SIZE", "NLINK", "UID", "GID", "RDEV"] as const).map((field) => line.count(INDEX[field], 9)),
		).toEqual([1, 2, 3, 4, 5]);
		expect(line.mtimeNs()).toBe(6_000_000_007n);
		expect(line.optionalText(INDEX.PAYLOAD)).toBe("pay");
		expect(Buffer.from(line.optionalBytes(INDEX.CONTENT) ?? []).toString()).toBe("con");
		expect(line.optionalText(INDEX.DIGEST)).toBe("dig");
		expect(line.xattrs()).toEqual(new Map([["user.a", Uint8Array.of(0x31)]]));
	});

	test("a view goes from line to line", () => {
		const text = Buffer.from("/a 1 644 2 3 4 5 6.7 x y z k=v\n/b 1 644 2 3 4 5 6.7");
		const line = new DumpLine();
		const end = text.indexOf("\n");
		line.read(text, 0, end);
		line.read(text, end + 1, text.length);
		expect(line.number).toBe(2);
		expect(line.text(INDEX.PATH)).toBe("/b");
		expect(line.optionalText(INDEX.PAYLOAD)).toBeUndefined();
		expect(line.optionalText(INDEX.DIGEST)).toBeUndefined();
		expect(line.xattrs()).toBeUndefined();
	});

	test.each([
		["", refused(undefined, "the line is empty")],
		["/a", refused("SIZE", "the line ends before this field")],
		["/a 1 644 2 3 4 5", refused("MTIME", "the line ends before this field")],
		["/a\0 1", refused("PATH", "there is a NUL byte")],
		["/a 1 644 2 3 4 5 6.7 - - - k=\0", refused("XATTR", "there is a NUL byte")],
	])("%j is refused", (text, expected) => {
		expect(failure(() => read(text))).toEqual(expected);
	});

	test("those that may be missing are none: -, or not there at all", () => {
		expect(lineWith("PAYLOAD", "-").optionalText(INDEX.PAYLOAD)).toBeUndefined();
		expect(lineWith("CONTENT", "-").optionalBytes(INDEX.CONTENT)).toBeUndefined();
		expect(lineWith("PAYLOAD", "\\x2d").optionalText(INDEX.PAYLOAD)).toBe("-");
		expect(failure(() => lineWith("CONTENT", "").optionalBytes(INDEX.CONTENT))).toEqual(
			refused("CONTENT", "the field is empty; none is written -"),
		);
	});

	test("escapes are resolved, and their mistakes placed", () => {
		expect(lineWith("PATH", "/a\\x20b").text(INDEX.PATH)).toBe("/a b");
		expect(lineWith("PATH", "/\xe9").text(INDEX.PATH)).toBe("/\udce9");
		expect(failure(() => lineWith("PAYLOAD", "\\q").optionalText(INDEX.PAYLOAD))).toEqual(
			refused("PAYLOAD", 'unknown escape "\\\\q"'),
		);
		expect(failure(() => lineWith("PATH", "/a\\x00b").text(INDEX.PATH))).toEqual(
			refused("PATH", "there is a NUL byte"),
		);
		expect([...(lineWith("CONTENT", "\\x00").optionalBytes(INDEX.CONTENT) ?? [])]).toEqual([0]);
	});
});

describe("numbers", () => {
	test.each([
		["SIZE", "", '"" is not a decimal number'],
		["SIZE", "-1", '"-1" is not a decimal number'],
		["UID", "+1", '"+1" is not a decimal number'],
		["GID", "1x", '"1x" is not a decimal number'],
		["GID", "0x1", '"0x1" is not a decimal number'],
		["RDEV", "-", '"-" is not a decimal number'],
		["NLINK", "1.5", '"1.5" is not a decimal number'],
		["UID", "101", "101 is more than 100"],
		["SIZE", "99999999999999999999999999", "99999999999999999999999999 is more than 100"],
		["SIZE", "7".repeat(400), `${"7".repeat(40)} is more than 100`],
		["SIZE", "x".repeat(60), `"${"x".repeat(40)}" is not a decimal number`],
	] as const)("%s %j is refused", (field, value, problem) => {
		expect(failure(() => lineWith(field, value).count(INDEX[field], 100))).toEqual(refused(field, problem));
	});

	test("a limit of 2^53 is exact", () => {
		expect(lineWith("SIZE", "9007199254740992").count(INDEX.SIZE, 2 ** 53)).toBe(2 ** 53);
		expect(failure(() => lineWith("SIZE", "9007199254740993").count(INDEX.SIZE, 2 ** 53))).toEqual(
			refused("SIZE", "9007199254740993 is more than 9007199254740992"),
		);
	});

	test("leading zeros change nothing", () => {
		expect(lineWith("UID", "0007").count(INDEX.UID, 100)).toBe(7);
	});

	test.each([
		["100644", false, 0o100644],
		["@120000", true, 0o120000],
		["177777", false, 0o177777],
	])("MODE %s", (value, isLink, mode) => {
		const line = lineWith("MODE", value);
		expect([line.isLink, line.mode()]).toEqual([isLink, mode]);
	});

	test.each([
		["8", '"8" is not an octal number'],
		["", '"" is not an octal number'],
		["@", '"" is not an octal number'],
		["@@644", '"@644" is not an octal number'],
		["200000", "200000 is more than 177777"],
	])("MODE %j is refused", (value, problem) => {
		expect(failure(() => lineWith("MODE", value).mode())).toEqual(refused("MODE", problem));
	});
});

describe("MTIME", () => {
	test.each([
		["0.0", 0n],
		["1.5", 1_000_000_005n],
		["1.000000005", 1_000_000_005n],
		["-5.7", -4_999_999_993n],
		["-1.999999999", -1n],
		["-0.0", 0n],
		["9223372036854775807.999999999", (2n ** 63n - 1n) * 1_000_000_000n + 999_999_999n],
		["-9223372036854775808.0", -(2n ** 63n) * 1_000_000_000n],
		["9007199254740993.0", 9_007_199_254_740_993n * 1_000_000_000n],
	])("%s", (value, expected) => {
		expect(lineWith("MTIME", value).mtimeNs()).toBe(expected);
	});

	test.each([
		["5", "there is no dot between seconds and nanoseconds"],
		[".5", '"" is not a decimal number'],
		["5.", '"" is not a decimal number'],
		["-.5", '"" is not a decimal number'],
		["--5.0", '"-5" is not a decimal number'],
		["5.-1", '"-1" is not a decimal number'],
		["5.1000000000", "1000000000 is more than 999999999"],
		["9223372036854775809.0", "9223372036854775809 is more than 9223372036854775808"],
		["1e3.0", '"1e3" is not a decimal number'],
		["99999999999999999999.0", "99999999999999999999 is more than 9223372036854775808"],
	])("%s is refused", (value, problem) => {
		expect(failure(() => lineWith("MTIME", value).mtimeNs())).toEqual(refused("MTIME", problem));
	});

	test("a dot of a later field is none of the time's", () => {
		expect(failure(() => read("/a 1 644 2 3 4 5 6 a.b - -").mtimeNs())).toMatchObject({ field: "MTIME" });
	});
});

describe("xattrs", () => {
	const xattrs = (text: string) => read(`/a 1 644 2 3 4 5 6.7 - - -${text}`).xattrs();
	const texts = (text: string) =>
		Array.from(xattrs(text) ?? [], ([name, value]) => [name, Buffer.from(value).toString("latin1")]);

	test.each([
		["", []],
		[" ", []],
		[" a=1", [["a", "1"]]],
		[" a=1 ", [["a", "1"]]],
		[" a=", [["a", ""]]],
		[" a=-", [["a", "-"]]],
		[" a=b=c", [["a", "b=c"]]],
		[" a\\x3db=c", [["a=b", "c"]]],
		[
			" a\\x20b=c\\x20d b=",
			[
				["a b", "c d"],
				["b", ""],
			],
		],
		[" \\xff=\\x00", [["\udcff", "\0"]]],
		[
			" a=1 b=2 a=3",
			[
				["a", "3"],
				["b", "2"],
			],
		],
	])("%j", (text, expected) => {
		expect(texts(text)).toEqual(expected);
	});

	test.each([
		[" a", "there is no = between name and value"],
		[" a=1  b=2", "there is no = between name and value"],
		[" a b=2", "there is no = between name and value"],
		[" =1", "the name is empty"],
		[" a\\x00=1", "there is a NUL byte"],
		[" a=\\", 'unknown escape "\\\\"'],
	])("%j is refused", (text, problem) => {
		expect(failure(() => xattrs(text))).toEqual(refused("XATTR", problem));
	});
});
