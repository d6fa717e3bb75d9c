import { pathToFileURL } from "node:url";
import { describe, expect, test } from "@jest/globals";
import { type FilePath, pathToBytes, pathToString } from "../src/file-path.ts";

const argument = expect.objectContaining({ code: "ERR_COMPOSEFS_ARGUMENT" });

describe("pathToBytes", () => {
	test.each<[string, FilePath, Uint8Array]>([
		["a string", "/a/é", Buffer.from("/a/é")],
		["a relative string", "a", Buffer.from("a")],
		["bytes that are not UTF-8", Uint8Array.of(0x2f, 0xff), Uint8Array.of(0x2f, 0xff)],
		["a file: URL", new URL("file:///a%20b/%C3%A9"), Buffer.from("/a b/é")],
		["what node makes of a path", pathToFileURL("/a b?#%"), Buffer.from("/a b?#%")],
	])("%s", (_title, path, bytes) => {
		expect(Buffer.from(pathToBytes(path))).toEqual(Buffer.from(bytes));
	});

	test.each<[string, FilePath]>([
		["an empty string", ""],
		["no bytes", new Uint8Array(0)],
		["a NUL in a string", "a\0b"],
		["a NUL in bytes", Uint8Array.of(0x61, 0)],
		["a number", 3 as never],
		["null", null as never],
		["an object", {} as never],
	])("%s is refused", (_title, path) => {
		expect(() => pathToBytes(path)).toThrow(argument);
	});

	test("another kind of URL is refused as node:url refuses it", () => {
		expect(() => pathToBytes(new URL("https://example.org/a"))).toThrow(
			expect.objectContaining({ code: "ERR_INVALID_URL_SCHEME" }),
		);
	});
});

describe("pathToString", () => {
	test.each<[FilePath, string]>([
		["a", "a"],
		[Buffer.from("/é"), "/é"],
		[Uint8Array.of(0x61, 0xff), "a\ufffd"],
		[new URL("file:///a%20b"), "/a b"],
	])("%j", (path, text) => {
		expect(pathToString(path)).toBe(text);
	});
});
