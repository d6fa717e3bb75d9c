import { readFileSync } from "node:fs";
import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { listMounts, mountIdAt, parseMountInfo } from "../../src/mount/mount-info.ts";
import { bytesToName } from "../../src/names.ts";

/** As the kernel writes a path there (seq_path with " \t\n\\"). */
function encodeOctal(bytes: Uint8Array): Buffer {
	const pieces = Array.from(bytes, (byte) =>
		" \t\n\\".includes(String.fromCharCode(byte))
			? Buffer.from(`\\${byte.toString(8).padStart(3, "0")}`)
			: Buffer.of(byte),
	);
	return Buffer.concat(pieces);
}

describe("the list of mounts", () => {
	test("is read line by line", () => {
		const text = `36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 propagate_from:2 - ext3 /dev/root rw,errors=continue
37 36 0:32 / /a\\040b ro - overlay composefs ro,lowerdir+=/x\\0541
no line
`;
		expect(parseMountInfo(Buffer.from(text))).toEqual([
			{ id: 36, mountPoint: "/mnt2", type: "ext3", source: "/dev/root", options: "rw,errors=continue" },
			{ id: 37, mountPoint: "/a b", type: "overlay", source: "composefs", options: "ro,lowerdir+=/x,1" },
		]);
	});

	test("bug: a mount point that looks like the separator hid its mount", () => {
		const lines = Buffer.from("1 0 0:1 / - rw - erofs src rw\n");
		expect(parseMountInfo(lines)).toMatchObject([{ id: 1, mountPoint: "-", type: "erofs" }]);
	});

	test("has paths of any bytes", () => {
		fc.assert(
			fc.property(fc.uint8Array({ min: 1, minLength: 1, maxLength: 30 }), (bytes) => {
				const line = Buffer.concat([
					Buffer.from("1 0 0:1 / "),
					encodeOctal(bytes),
					Buffer.from(" rw - erofs src rw\n"),
				]);
				expect(parseMountInfo(line)).toMatchObject([{ id: 1, mountPoint: bytesToName(bytes) }]);
			}),
		);
	});

	test("never fails, whatever it is given", () => {
		fc.assert(
			fc.property(fc.string({ unit: fc.constantFrom(..." -\\\n0123:/ab") }), (text) => {
				for (const { id } of parseMountInfo(Buffer.from(text))) expect(id).toBeGreaterThanOrEqual(0);
			}),
		);
	});

	test("of this process has the mount that a folder is in", async () => {
		const id = await mountIdAt(Buffer.from("/proc"));
		const entry = (await listMounts()).find((mount) => mount.id === id);
		expect(entry).toMatchObject({ mountPoint: "/proc", type: "proc" });
		expect(await listMounts()).toHaveLength(
			readFileSync("/proc/self/mountinfo", "utf8").trim().split("\n").length,
		);
	});

	test("knows nothing of a folder that is not there", async () => {
		expect(await mountIdAt(Buffer.from("/proc/none"))).toBeUndefined();
		expect(await mountIdAt(Buffer.from("/proc/version"))).toBeUndefined();
		// Nor of one that a link leads to: another could have been put there.
		expect(await mountIdAt(Buffer.from("/proc/self/cwd"))).toBeUndefined();
		await expect(mountIdAt(Buffer.from(`/${"n".repeat(300)}`))).rejects.toMatchObject({
			code: "ENAMETOOLONG",
		});
	});
});
