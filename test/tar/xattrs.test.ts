import { describe, expect, test } from "@jest/globals";
import { bytesToName } from "../../src/names.ts";
import { PaxXattrs } from "../../src/tar/xattrs.ts";

const read = (...records: [string, string][]): [string, string][] | undefined => {
	const xattrs = new PaxXattrs(512);
	for (const [key, value] of records)
		xattrs.add(bytesToName(Buffer.from(key, "latin1")), Buffer.from(value, "latin1"));
	const result = xattrs.result();
	return result && Array.from(result, ([name, value]) => [name, Buffer.from(value).toString("latin1")]);
};

describe("xattrs", () => {
	test("of nobody", () => expect(read()).toBeUndefined());

	test("of GNU tar: raw bytes, but for = and %", () => {
		expect(
			read(
				["SCHILY.xattr.user.n\xe9me", "\0\n=\xff"],
				["SCHILY.xattr.user.with%3Dequals%25", ""],
				["SCHILY.xattr.user.50%E9", "x"],
			),
		).toEqual([
			["user.n\udce9me", "\0\n=\xff"],
			["user.with=equals%", ""],
			["user.50%E9", "x"],
		]);
	});

	test("of bsdtar: both kinds of records, one xattr", () => {
		expect(
			read(
				["SCHILY.xattr.user.n%E9me%3D", "\0\xff"],
				["LIBARCHIVE.xattr.user.n%E9me%3D", "AP8"],
				["LIBARCHIVE.xattr.user.caf%C3%A9", ""],
			),
		).toEqual([
			["user.n\udce9me=", "\0\xff"],
			["user.café", ""],
		]);
	});

	test("of bsdtar, in whatever order, padded or not", () => {
		expect(
			read(["LIBARCHIVE.xattr.user.a", "YQ=="], ["SCHILY.xattr.user.a", "a"], ["SCHILY.xattr.user.b", "b"]),
		).toEqual([
			["user.a", "a"],
			["user.b", "b"],
		]);
	});

	test.each<[string, [string, string][]]>([
		[
			"two values",
			[
				["SCHILY.xattr.user.a", "a"],
				["LIBARCHIVE.xattr.user.a", "Yg"],
			],
		],
		["no base64", [["LIBARCHIVE.xattr.user.a", "!!"]]],
	])("are refused: %s", (_title, records) => {
		expect(() => read(...records)).toThrow(
			expect.objectContaining({ code: "ERR_COMPOSEFS_TAR", rule: "pax-value", offset: 512 }),
		);
	});

	test("have memory of their own", () => {
		const xattrs = new PaxXattrs(0);
		const value = Buffer.from("value");
		xattrs.add("SCHILY.xattr.user.a", value);
		const result = xattrs.result()?.get("user.a");
		value.fill(0);
		expect(Buffer.from(result ?? []).toString()).toBe("value");
	});
});
