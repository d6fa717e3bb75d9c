import { describe, expect, test } from "@jest/globals";
import { unmount } from "../../src/mount/unmount.ts";
import { CANNOT_MOUNT, canMount, inMountNamespace } from "../support/mounting.ts";
import { describeIf } from "../support/needs.ts";
import { useTemporaryFolder } from "../support/temporary.ts";

const at = useTemporaryFolder();
const run = (body: string) => inMountNamespace(at(), `await makeWorld();\n${body}`);

describe("unmounting", () => {
	test("refuses what is no mount of ours", async () => {
		const refused = { code: "ERR_COMPOSEFS_MOUNT", rule: "not-mounted" };
		await expect(unmount(at())).rejects.toMatchObject({ ...refused, path: at() });
		await expect(unmount("/proc")).rejects.toMatchObject(refused);
		await expect(unmount(at("none"))).rejects.toMatchObject({ code: "ENOENT", path: at("none") });
	});
});

describeIf("unmounting a mount", canMount, CANNOT_MOUNT, () => {
	const MOUNT = `const mounted = await mount("rootfs.cfs", "target", { objects: ["objects"] });`;

	test("by its folder, also through a symlink, and not by a folder in it", () => {
		const result = run(`${MOUNT}
			const inside = await failureOf(unmount("target/etc"));
			fs.symlinkSync("target", "alias");
			await unmount("alias");
			const again = await failureOf(unmount("target"));
			await mounted.unmount();
			return [inside.rule, again.rule, fs.readdirSync("target")];`);
		expect(result).toEqual(["not-mounted", "not-mounted", []]);
	});

	test("that is in use fails, and can be tried again or detached", () => {
		const result = run(`${MOUNT}
			const file = fs.openSync("target/large");
			const busy = await failureOf(mounted.unmount());
			await mounted.unmount({ detach: true });
			const still = fs.readSync(file, Buffer.alloc(10)) === 10;
			fs.closeSync(file);
			const second = await mount("rootfs.cfs", "target", { objects: ["objects"] });
			const other = fs.openSync("target/large");
			const first = await failureOf(unmount("target"));
			fs.closeSync(other);
			await second.unmount();
			return { busy, still, first: first.code, empty: fs.readdirSync("target") };`);
		expect(result).toMatchObject({
			busy: { isError: true, code: "EBUSY", path: at("target"), errno: -16, syscall: "umount" },
			still: true,
			first: "EBUSY",
			empty: [],
		});
	});

	test("leaves alone what somebody else has mounted there", () => {
		const result = run(`${MOUNT}
			await unmount("target");
			const other = await mountImage("rootfs.cfs", "target");
			await mounted.unmount();
			const there = fs.readdirSync("target").length > 0;
			await other.unmount();
			return [there, fs.readdirSync("target")];`);
		expect(result).toEqual([true, []]);
	});

	test("that another is in front of fails with words", () => {
		const result = run(`${MOUNT}
			const other = await mountImage("rootfs.cfs", "target");
			const covered = await failureOf(mounted.unmount());
			await other.unmount();
			await mounted.unmount();
			return [covered.code, covered.rule, fs.readdirSync("target")];`);
		expect(result).toEqual(["ERR_COMPOSEFS_MOUNT", "covered", []]);
	});

	test("is done when its folder is gone", () => {
		const result = run(`${MOUNT}
			await unmount("target");
			fs.rmdirSync("target");
			return mounted.unmount().then(() => "done");`);
		expect(result).toBe("done");
	});
});
