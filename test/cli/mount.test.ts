import { describe, expect, test } from "@jest/globals";
import { composefs } from "../support/cli.ts";
import { CANNOT_MOUNT, canMount, inMountNamespace } from "../support/mounting.ts";
import { describeIf } from "../support/needs.ts";
import { useTemporaryFolder } from "../support/temporary.ts";

const at = useTemporaryFolder();

describe("composefs mount", () => {
	test("says what is wrong with its arguments", () => {
		const usage = (...args: string[]) => {
			const { status, stderr } = composefs(["mount", ...args, "image", "target"]);
			expect(status).toBe(2);
			return stderr;
		};
		expect(usage()).toContain("no object store is named: -o basedir=FOLDER");
		expect(usage("-o", "nothing")).toContain('unknown mount option "nothing"');
		expect(usage("-o", "basedir=/o,digest=ab")).toContain("a digest is 64 hexadecimal digits");
		expect(usage("-o", "basedir=/o", "--image-only")).toContain("--image-only takes no basedir");
		expect(usage("-o", "basedir=/o,upperdir=/u")).toContain("upperdir and workdir go together");
	});

	test("says what is missing", () => {
		expect(composefs(["mount", "-o", "basedir=/", at("none"), at()])).toEqual({
			status: 1,
			stdout: "",
			stderr: `composefs: ENOENT: no such file or directory, open '${at("none")}'\n`,
		});
		expect(composefs(["umount", at()])).toMatchObject({
			status: 1,
			stderr: `composefs: ${at()}: no composefs image is mounted here\n`,
		});
	});
});

describeIf("composefs mount and umount", canMount, CANNOT_MOUNT, () => {
	const run = (body: string) =>
		inMountNamespace(
			at(),
			`const composefs = (...args) => {
				const file = new URL("cli/main.js", world.LIB).pathname;
				const { status, stderr } = spawnSync(process.execPath, [file, ...args], { encoding: "utf8" });
				return { status, stderr };
			};
			const digest = await makeWorld();
			${body}`,
		);

	test("do so", () => {
		const result = run(`
			fs.mkdirSync("a:b,c");
			fs.renameSync("objects", "a:b,c/objects");
			const up = composefs("mount", "-o", "basedir=up:a\\\\:b\\\\,c/objects,ro", "rootfs.cfs", "target");
			const seen = look().right.length;
			const down = composefs("umount", "target");
			const alone = composefs("mount", "--image-only", "rootfs.cfs", "target");
			const type = mountOptions().split(" ")[0];
			const detached = composefs("umount", "--detach", "target");
			return [up, seen, down, alone, type, detached, fs.readdirSync("target")];`);
		const done = { status: 0, stderr: "" };
		expect(result).toEqual([done, 3, done, done, "erofs", done, []]);
	});

	test("end with 3 if the image cannot be verified", () => {
		const result = run(
			'return composefs("mount", "-o", "basedir=objects,digest=" + digest, "rootfs.cfs", "target");',
		);
		expect(result).toMatchObject({
			status: 3,
			stderr: expect.stringMatching(/^composefs: rootfs.cfs: .*fs-verity/),
		});
	});

	test("show a busy mount", () => {
		const result = run(`
			composefs("mount", "-o", "basedir=objects", "rootfs.cfs", "target");
			const file = fs.openSync("target/large");
			return composefs("umount", "target");`);
		expect(result).toEqual({
			status: 1,
			stderr: "composefs: EBUSY: target is in use: end what uses it, or detach it\n",
		});
	});
});
