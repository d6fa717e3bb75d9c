import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { bytesToName } from "../../src/names.ts";
import { collectRecords, interpretPax, parseRecords } from "../../src/tar/pax.ts";
import { paxRecord } from "../support/tar-writer.ts";

const parse = (bytes: Buffer): [string, Buffer][] => {
	const found: [string, Buffer][] = [];
	parseRecords(bytes, 512, (key, value) => found.push([key, value]));
	return found;
};

const key = fc
	.uint8Array({ minLength: 1, maxLength: 20 })
	.filter((bytes) => !bytes.includes(0) && !bytes.includes(0x3d))
	.map(bytesToName);

describe("records", () => {
	test("of any keys and values, newlines and NULs in them, come out as they went in", () => {
		fc.assert(
			fc.property(fc.array(fc.tuple(key, fc.uint8Array({ maxLength: 1100 }))), (records) => {
				const bytes = Buffer.concat(records.map(paxRecord));
				expect(parse(bytes)).toEqual(records.map(([key, value]) => [key, Buffer.from(value)]));
			}),
		);
	});

	test.each([
		["no length", "path=x\n"],
		["a length of zero", "0 path=x\n"],
		["a length that is too short", "9 path=xy\n"],
		["a length that is too long", "11 path=x\n"],
		["a length beyond the header", "1073741824 path=x\n"],
		["a length of too many digits", "000000000009 path=x\n"],
		["a length that is no number", "-9 path=x\n"],
		["no space behind the length", "10path=x\n\n"],
		["no newline at the end", "9 path=xx"],
		["no key", "5 =x\n"],
		["no equals sign", "9 pathxx\n"],
		["an equals sign of the next record", "7 path\n9 path=x\n"],
		["a NUL in the key", "10 pa\0th=\n"],
		["zeros behind the records", "10 path=x\n\n\0\0"],
	])("are refused: %s", (_title, text) => {
		expect(() => parse(Buffer.from(text, "latin1"))).toThrow(
			expect.objectContaining({ code: "ERR_COMPOSEFS_TAR", rule: "pax-record", offset: 512 }),
		);
	});

	test("of any bytes are records or an error, and end", () => {
		const pieces = fc.constantFrom(
			"9 ",
			"10 ",
			"path=",
			"uid=",
			"x",
			"\n",
			"=",
			"0",
			"\0",
			"999999999 ",
			"-",
		);
		fc.assert(
			fc.property(fc.array(pieces), (words) => {
				try {
					const header = collectRecords(Buffer.from(words.join(""), "latin1"), 0);
					interpretPax(header, new Map());
				} catch (error) {
					expect(error).toMatchObject({ code: "ERR_COMPOSEFS_TAR" });
				}
			}),
			{ numRuns: 2000 },
		);
	});
});

describe("what they say", () => {
	const interpret = (...records: [string, string][]) =>
		interpretPax(collectRecords(Buffer.concat(records.map(paxRecord)), 0), new Map());

	test("the last one of a key counts", () => {
		expect(interpret(["uid", "1"], ["uid", "2"])).toMatchObject({ uid: 2 });
	});

	test("an empty one takes back the one before", () => {
		expect(interpret(["uid", "1"], ["uid", ""])).toMatchObject({ uid: undefined });
	});

	test("keys that mean nothing here are passed over", () => {
		const { xattrs, sparse, ...rest } = interpret(["ctime", "x"], ["__proto__", "x"], ["toString", "x"]);
		expect([xattrs, sparse, ...Object.values(rest)].every((value) => value === undefined)).toBe(true);
	});

	test("the sparse pairs of 0.0 alternate", () => {
		const pair: [string, string][] = [
			["GNU.sparse.offset", "1"],
			["GNU.sparse.numbytes", "2"],
		];
		expect(collectRecords(Buffer.concat([...pair, ...pair].map(paxRecord)), 0).sparsePairs).toEqual([
			1, 2, 1, 2,
		]);
		for (const records of [[pair[0]], [pair[1]], [pair[0], pair[0]]] as [string, string][][])
			expect(() => interpret(...records)).toThrow(expect.objectContaining({ rule: "sparse-map" }));
	});
});
