import { spawnSync } from "node:child_process";
import { mkdir, open, writeFile } from "node:fs/promises";
import { describe, expect, test } from "@jest/globals";
import { computeDigest } from "../src/digest.ts";
import { useTemporaryFolder } from "./support/temporary.ts";

const temporary = useTemporaryFolder();

describe("computeDigest refuses", () => {
	test("a path that is not there", async () => {
		await expect(computeDigest(temporary("none"))).rejects.toMatchObject({
			name: "ComposefsError",
			code: "ENOENT",
			syscall: "open",
			errno: -2,
			path: temporary("none"),
			message: `ENOENT: no such file or directory, open '${temporary("none")}'`,
		});
	});

	test("a directory", async () => {
		await mkdir(temporary("folder"));
		await expect(computeDigest(temporary("folder"))).rejects.toMatchObject({
			code: "EISDIR",
			syscall: "read",
			path: temporary("folder"),
		});
	});

	test("a fifo, without waiting for someone to write", async () => {
		spawnSync("mkfifo", [temporary("fifo")]);
		await expect(computeDigest(temporary("fifo"))).rejects.toMatchObject({ code: "EINVAL" });
	});

	test("a device", async () => {
		await expect(computeDigest("/dev/zero")).rejects.toMatchObject({ code: "EINVAL", path: "/dev/zero" });
	});

	test("a file that is open for writing only", async () => {
		const handle = await open(temporary("file"), "w");
		try {
			await expect(computeDigest(handle)).rejects.toMatchObject({ code: "EBADF", syscall: "read" });
		} finally {
			await handle.close();
		}
	});

	test("a closed file", async () => {
		await writeFile(temporary("file"), "");
		const handle = await open(temporary("file"));
		await handle.close();
		await expect(computeDigest(handle)).rejects.toMatchObject({ code: "EBADF" });
	});

	test.each([
		["an empty path", ""],
		["a path with NUL", "a\0b"],
	])("%s", async (_title, path) => {
		await expect(computeDigest(path)).rejects.toMatchObject({ code: "ERR_COMPOSEFS_ARGUMENT" });
	});

	test.each([undefined, null, 5, {}, { fd: "x" }, { fd: 1.5 }])("%j", async (source) => {
		await expect(computeDigest(source as never)).rejects.toMatchObject({ code: "ERR_COMPOSEFS_ARGUMENT" });
	});
});
