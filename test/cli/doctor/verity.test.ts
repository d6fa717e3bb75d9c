import { describe, expect, test } from "@jest/globals";
import { remedy, verityAdvice } from "../../../src/cli/doctor/verity.ts";

describe("where files cannot be sealed", () => {
	test.each<[string, boolean | undefined, string]>([
		["ext4", true, "tune2fs -O verity /dev/x"],
		["ext4", false, "boot a kernel with CONFIG_FS_VERITY, then tune2fs -O verity /dev/x"],
		["ext4", undefined, "tune2fs -O verity /dev/x, and a kernel with CONFIG_FS_VERITY"],
		["f2fs", true, "a new file system: mkfs.f2fs -O verity /dev/x"],
		["btrfs", false, "boot a kernel with CONFIG_FS_VERITY"],
		["btrfs", true, "it takes a kernel with CONFIG_FS_VERITY"],
		["xfs", undefined, "xfs has no fs-verity; ext4, f2fs and btrfs have"],
		["", undefined, "this file system has no fs-verity; ext4, f2fs and btrfs have"],
	])("on %p, with a kernel that has it: %p", (type, kernel, expected) => {
		expect(remedy(type, "/dev/x", kernel)).toBe(expected);
	});

	test("the file system of a folder is found", async () => {
		expect(await verityAdvice("/proc")).toMatch(/by the kernel: proc has no fs-verity/);
		expect(await verityAdvice("/proc/self/fdinfo")).toMatch(/by the kernel: proc has no fs-verity/);
	});
});
