import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "@jest/globals";
import { MemoryLayout, tagged } from "../support/layouts.ts";
import { CANNOT_MOUNT, canMount } from "../support/mounting.ts";
import { describeIf, findProgram, projectRoot } from "../support/needs.ts";
import { runExample } from "../support/run-example.ts";
import { useTemporaryFolder } from "../support/temporary.ts";

const at = useTemporaryFolder();

describe("run-rootfs", () => {
	test("of nothing tells its usage, of what is no image why", () => {
		expect(runExample("run-rootfs", [], at())).toMatchObject({ ended: 2 });
		const { ended, stderr } = runExample("run-rootfs", ["not//a reference", "out", "true"], at());
		expect([ended, stderr]).toEqual([1, expect.stringMatching(/^ERR_COMPOSEFS_REFERENCE: /)]);
	});
});

/** A program that needs no libraries, so that it is a whole root file system. */
const busybox = [findProgram("busybox"), "/bin/busybox"].find((file) => file !== undefined && isStatic(file));

function isStatic(file: string): boolean {
	return existsSync(file) && !/=>/.test(spawnSync("ldd", [file], { encoding: "utf8" }).stdout);
}

const mounts = canMount && busybox && findProgram("tar") ? busybox : undefined;
describeIf("run-rootfs, mounting", mounts, `${CANNOT_MOUNT}; a static busybox and tar`, (program) => {
	test("runs a command in the image, and leaves no mount", () => {
		mkdirSync(at("root/bin"), { recursive: true });
		spawnSync("cp", [program, at("root/bin/busybox")]);
		writeFileSync(at("root/greeting"), "Hello from an object.\n".repeat(10));
		const tar = spawnSync("tar", ["-cf", "-", "-C", at("root"), "."], { maxBuffer: 64 << 20 }).stdout;
		const layout = new MemoryLayout();
		layout.tag(tagged(layout.image([{ bytes: tar }]), "latest"));
		layout.write(at("layout"));
		const example = path.join(projectRoot, "build/programs/examples/run-rootfs.js");
		const words = [process.execPath, example, "layout", "store", "/bin/busybox", "head", "-n1", "/greeting"];
		const result = spawnSync("unshare", ["-m", ...words], { cwd: at(), encoding: "utf8" });
		expect([result.stdout, result.status]).toEqual(["Hello from an object.\n", 0]);
		expect(readdirSync(at("store")).filter((name) => name.startsWith("root-"))).toEqual([]);
	});
});
