import { describe, expect, test } from "@jest/globals";
import {
	fileSystemCheck,
	imageFileCheck,
	kernelChecks,
	overlayCheck,
	privilegeCheck,
	userNamespaceCheck,
} from "../../../src/cli/doctor/kernel.ts";

const FILE_SYSTEMS = "nodev\tsysfs\nnodev\toverlay\n\text4\n\terofs\n";

describe("file systems", () => {
	test.each(["overlay", "erofs"])("%s in the kernel", (name) => {
		expect(fileSystemCheck(name, FILE_SYSTEMS, "")).toMatchObject({ status: "ok", found: "in the kernel" });
	});

	test("a module that is there is found, and how to load it", () => {
		const check = fileSystemCheck(
			"erofs",
			"nodev\tfuse.erofs\n",
			"kernel/fs/erofs/erofs.ko.xz: kernel/lib/a.ko\n",
		);
		expect(check).toMatchObject({ status: "ok", advice: "modprobe erofs" });
	});

	test("none", () => {
		expect(fileSystemCheck("erofs", "\text4\n", "")).toMatchObject({ status: "missing" });
	});
});

describe("by the kernel's version", () => {
	const overlay = fileSystemCheck("overlay", FILE_SYSTEMS, "");

	test.each([
		["6.1.0-49-amd64", "limited"],
		["6.5.3", "limited"],
		["6.6.0", "ok"],
		["7.0", "ok"],
	])("overlays of Linux %s", (version, status) => {
		expect(overlayCheck(version, overlay).status).toBe(status);
	});

	test("without overlayfs no version is enough", () => {
		expect(overlayCheck("7.0", fileSystemCheck("overlay", "", "")).status).toBe("missing");
	});

	test.each([
		["6.12.1", false, "ok"],
		["6.11.9", true, "ok"],
		["6.11.9", false, "missing"],
	])("image files on Linux %s, loop devices: %s", (version, loop, status) => {
		expect(imageFileCheck(version, loop).status).toBe(status);
	});
});

describe("privileges", () => {
	const all = "Name:\tx\nCapEff:\t000001ffffffffff\n";

	test.each([
		["root", all, "         0          0 4294967295\n", "ok"],
		["root of a namespace", all, "         0       1000          1\n", "limited"],
		["a user", "CapEff:\t0000000000000000\n", "         0          0 4294967295\n", "limited"],
		["nothing to read", "", "", "limited"],
	])("%s", (_title, status, map, expected) => {
		expect(privilegeCheck(status, map).status).toBe(expected);
	});

	test.each([
		["63000", "", "ok"],
		["63000", "1\n", "ok"],
		["63000", "0\n", "limited"],
		["0\n", "", "limited"],
		["", "", "unknown"],
	])("user namespaces: %j, %j", (most, allowed, expected) => {
		expect(userNamespaceCheck(most, allowed).status).toBe(expected);
	});
});

test("this machine's kernel has an answer to everything", async () => {
	const names = (await kernelChecks()).map(({ name }) => name);
	expect(names).toEqual(["kernel", "erofs", "image files", "overlay", "user namespaces", "privileges"]);
});
