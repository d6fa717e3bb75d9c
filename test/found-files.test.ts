import { describe, expect, test } from "@jest/globals";
import { type FoundFile, packFiles, unpackDigests } from "../src/found-files.ts";

const found = (path: string, ...numbers: bigint[]): FoundFile => ({
	path,
	size: 0,
	packedIdentity: BigInt64Array.from(numbers),
});

describe("files in two arguments", () => {
	test("have their paths as bytes, and their numbers in a row", () => {
		const { paths, identities } = packFiles([
			found("/a", 1n, 2n, 3n, 4n, 5n),
			found("/\udcff", 6n, 7n, 8n, 9n, -1n),
		]);
		expect(Buffer.from(paths).toString("latin1")).toBe("/a\0/\xff\0");
		expect([...identities]).toEqual([1n, 2n, 3n, 4n, 5n, 6n, 7n, 8n, 9n, -1n]);
	});

	test.each([
		["no path", found("", 1n, 2n, 3n, 4n, 5n), "empty"],
		["a NUL", found("/a\0/b", 1n, 2n, 3n, 4n, 5n), "NUL"],
		["too few numbers", found("/a", 1n), "1 numbers, not 5"],
	])("%s is refused", (_title, file, text) => {
		expect(() => packFiles([file])).toThrow(expect.objectContaining({ code: "ERR_COMPOSEFS_ARGUMENT" }));
		expect(() => packFiles([file])).toThrow(text);
	});
});

test("digests come as bytes, side by side", () => {
	expect(unpackDigests(Buffer.concat([Buffer.alloc(32, 0xab), Buffer.alloc(32, 1)]))).toEqual([
		"ab".repeat(32),
		"01".repeat(32),
	]);
	expect(unpackDigests(Buffer.alloc(0))).toEqual([]);
});
