import { describe, expect, test } from "@jest/globals";
import { directorySize } from "../src/erofs.ts";

/** Entries of `.` and `..`. */
const DOTS = 13 + 14;
/** Of `00` to `ff`. */
const STORE_FOLDERS = 256 * 14;

/** `count` names of `length` bytes that differ. */
const names = (count: number, length: number) =>
	Array.from({ length: count }, (_, i) => String(i).padStart(length, "n"));

describe("directorySize", () => {
	test.each([
		["nothing", [], DOTS],
		["a name", ["abc"], DOTS + 15],
		["a name of two bytes to the character", ["é"], DOTS + 14],
		["a name that is not UTF-8", ["\udcff\udcfe"], DOTS + 14],
		["names beside those of the store", ["00", "ff"], DOTS + 28],
		// 2,048 bytes in all: more than half a block stands alone.
		["as much as fits behind the inode", [...names(51, 27), "n".repeat(20)], DOTS + 51 * 39 + 32],
		["a byte more than that", [...names(51, 27), "n".repeat(21)], 4096],
		["all of a block", names(26, 143).concat("n".repeat(27)), 4096],
	])("of %s", (_title, list, size) => {
		expect(directorySize(list, false)).toBe(size);
	});

	test("an entry does not cross blocks", () => {
		// 15 entries of 267 bytes and the two dots fill a block but for 64 bytes.
		expect(directorySize(names(16, 255), false)).toBe(4096 + 267);
	});

	test("the order of the bytes decides which entries share a block", () => {
		const list = [...names(15, 255), "~".repeat(40)];
		expect(directorySize(list, false)).toBe(4096);
		// 4,084 bytes are taken; the short name comes before the long one, which then has to go.
		expect(directorySize([...list, "~~"], false)).toBe(4096 + 52);
		expect(directorySize([...list, "~".repeat(41)], false)).toBe(4096 + 53);
	});

	test("the root has a whiteout for each folder of a store", () => {
		expect(directorySize([], true)).toBe(4096);
		expect(DOTS + STORE_FOLDERS).toBeGreaterThan(2048);
		expect(directorySize(["00", "7f", "ff"], true)).toBe(4096);
		// 4096 - 27 - 3584 = 485 bytes are left in the first block.
		expect(directorySize(["zz".repeat(100), "zzz".repeat(80)], true)).toBe(4096);
		expect(directorySize(["z".repeat(240), "z".repeat(222)], true)).toBe(4096 + 252);
	});
});
