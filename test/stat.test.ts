import { constants } from "node:fs";
import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { packDevice, TYPE_BITS, typeOfMode, unpackDevice } from "../src/stat.ts";

describe("types", () => {
	test.each([
		["fifo", constants.S_IFIFO],
		["character-device", constants.S_IFCHR],
		["directory", constants.S_IFDIR],
		["block-device", constants.S_IFBLK],
		["file", constants.S_IFREG],
		["symlink", constants.S_IFLNK],
		["socket", constants.S_IFSOCK],
	] as const)("%s", (type, bits) => {
		expect(TYPE_BITS[type]).toBe(bits);
		expect(typeOfMode(bits | 0o7777)).toBe(type);
	});

	test.each([0, 0o644, 0o030000, 0o050000, 0o070000, 0o110000, 0o160000, 0o170000])(
		"%d has no type",
		(mode) => {
			expect(typeOfMode(mode)).toBeUndefined();
		},
	);
});

describe("device numbers", () => {
	// From glibc's makedev(3), of which 32 bits are used.
	test.each([
		[0, 0, 0],
		[1, 3, 0x103],
		[8, 255, 0x8ff],
		[8, 256, 0x100800],
		[4095, 2 ** 20 - 1, 0xffffffff],
		[4095, 0, 0xfff00],
		[0, 2 ** 20 - 1, 0xfff000ff],
	])("%d:%d is %d", (major, minor, packed) => {
		expect(packDevice({ major, minor })).toBe(packed);
		expect(unpackDevice(packed)).toEqual({ major, minor });
	});

	test("any 32 bits come back", () => {
		fc.assert(
			fc.property(fc.integer({ min: 0, max: 2 ** 32 - 1 }), (rdev) => {
				expect(packDevice(unpackDevice(rdev))).toBe(rdev);
			}),
		);
	});
});
