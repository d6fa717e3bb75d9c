import { mkdirSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import path from "node:path";
import { describe, expect, test } from "@jest/globals";
import { mountSpec } from "../../src/mount/spec.ts";
import { Tree } from "../../src/tree.ts";
import { writeImage } from "../../src/write.ts";
import { CANNOT_MOUNT, canMount, inMountNamespace } from "../support/mounting.ts";
import { describeIf, findProgram, projectRoot } from "../support/needs.ts";
import { useTemporaryFolder } from "../support/temporary.ts";

const at = useTemporaryFolder();

async function image(): Promise<string> {
	await writeImage(new Tree(), { to: at("i") });
	return at("i");
}

describe("the specification of a mount", () => {
	test("has every call, in order", async () => {
		const digest = "A".repeat(64);
		const { calls } = await mountSpec(await image(), "/t", {
			objects: ["/o,1", "/o:2"],
			upperdir: "/u\\p",
			workdir: "/w",
			readOnly: true,
			imageMount: "/m",
			digest,
			idmap: "/proc/1/ns/user",
		});
		expect(calls.map(({ call, ...rest }) => [call, ...Object.values(rest)])).toEqual([
			["measure", at("i"), "a".repeat(64)],
			["fsopen", "erofs", "image"],
			["fsconfig", "image", "FSCONFIG_SET_STRING", "source", at("i")],
			["fsconfig", "image", "FSCONFIG_SET_FLAG", "ro"],
			["fsconfig", "image", "FSCONFIG_SET_FLAG", "noacl"],
			["fsconfig", "image", "FSCONFIG_CMD_CREATE"],
			["fsmount", "image", ["MOUNT_ATTR_RDONLY"], "image"],
			["mount_setattr", "image", "MOUNT_ATTR_IDMAP", "/proc/1/ns/user"],
			["move_mount", "image", "/m"],
			["fsopen", "overlay", "overlay"],
			["fsconfig", "overlay", "FSCONFIG_SET_STRING", "source", "composefs"],
			["fsconfig", "overlay", "FSCONFIG_SET_STRING", "metacopy", "on"],
			["fsconfig", "overlay", "FSCONFIG_SET_STRING", "redirect_dir", "on"],
			["fsconfig", "overlay", "FSCONFIG_SET_STRING", "verity", "require"],
			["fsconfig", "overlay", "FSCONFIG_SET_STRING", "lowerdir+", "/m"],
			["fsconfig", "overlay", "FSCONFIG_SET_STRING", "datadir+", "/o,1"],
			["fsconfig", "overlay", "FSCONFIG_SET_STRING", "datadir+", "/o:2"],
			["fsconfig", "overlay", "FSCONFIG_SET_STRING", "upperdir", "/u\\\\p"],
			["fsconfig", "overlay", "FSCONFIG_SET_STRING", "workdir", "/w"],
			["fsconfig", "overlay", "FSCONFIG_CMD_CREATE"],
			["fsmount", "overlay", ["MOUNT_ATTR_RDONLY"], "overlay"],
			["move_mount", "overlay", "/t"],
			["umount2", "/m", ["MNT_DETACH"]],
		]);
	});

	test("tries verity where that is asked", async () => {
		const { calls, classic } = await mountSpec(await image(), "/t", {
			objects: ["/o"],
			imageMount: "/m",
			verity: "try",
		});
		expect(calls).toContainEqual(expect.objectContaining({ key: "verity", optional: true }));
		expect(JSON.stringify(classic)).not.toContain("verity");
	});

	test("bug: with mount(2) no digest was measured", async () => {
		const digest = "ab".repeat(32);
		const measured = { call: "measure", file: await image(), digest };
		const overlaid = await mountSpec(await image(), "/t", { objects: ["/o"], imageMount: "/m", digest });
		const alone = await mountSpec(await image(), "/t", { objects: [], digest });
		for (const { calls, classic, oci } of [overlaid, alone])
			expect([calls[0], classic?.[0], oci?.before[0]]).toEqual([measured, measured, measured]);
	});

	test("of an image alone is short; of one with ACLs it lets them work", async () => {
		const tree = new Tree();
		tree.root.xattrs = new Map([["system.posix_acl_default", Buffer.from("any")]]);
		await writeImage(tree, { to: at("acl") });
		const { calls, classic, oci } = await mountSpec(at("acl"), "/t", { objects: [] });
		expect(JSON.stringify([calls, classic, oci])).not.toContain("noacl");
		expect(calls).toHaveLength(6);
		expect(oci).toEqual({
			before: [],
			mounts: [{ destination: "/t", type: "erofs", source: at("acl"), options: ["ro"] }],
			after: [],
		});
	});

	test("cannot have mount(2) or a runtime map owners", async () => {
		const spec = await mountSpec(await image(), "/t", { objects: [], idmap: "/proc/1/ns/user" });
		expect(spec).toMatchObject({ classic: undefined, oci: undefined });
	});

	test("needs a folder for the image, by a plain name, and an image", async () => {
		const spec = (options: object) => mountSpec(at("i"), "/t", { objects: ["/o"], ...options });
		await image();
		await expect(spec({})).rejects.toMatchObject({ code: "ERR_COMPOSEFS_ARGUMENT" });
		await expect(spec({ imageMount: "/a:b" })).rejects.toMatchObject({ rule: "image-mount-folder" });
		await writeFile(at("i"), "no image");
		await expect(spec({ imageMount: "/m" })).rejects.toMatchObject({
			code: "ERR_COMPOSEFS_IMAGE",
			path: at("i"),
			message: expect.stringContaining(at("i")),
		});
		await expect(mountSpec(at("none"), "/t", { objects: [] })).rejects.toMatchObject({ code: "ENOENT" });
	});
});

describeIf(
	"a runtime that follows the specification",
	canMount && findProgram("python3"),
	CANNOT_MOUNT,
	(python) => {
		const runner = path.join(projectRoot, "test/fixtures/run-mount-calls.py");
		const body = (odd: string, choose: string) => `
		await makeWorld();
		fs.mkdirSync(${JSON.stringify(odd)});
		const inside = (name) => ${JSON.stringify(odd)} + "/" + name;
		for (const name of ["objects", "up", "work"]) fs.renameSync(name, inside(name));
		const options = { objects: [inside("objects")], upperdir: inside("up"), workdir: inside("work"),
			imageMount: "image-mount" };
		const spec = await mountSpec("rootfs.cfs", "target", options);
		const oci = ({ destination, source, type, options }) => ({ call: "mount", source, target: destination, type,
			flags: options.includes("ro") ? ["MS_RDONLY"] : [], data: options.filter((it) => it !== "ro").join(",") });
		let input = JSON.stringify(${choose});
		const { status, stderr } = spawnSync(${JSON.stringify(python)}, [${JSON.stringify(runner)}], { input });
		if (status !== 0) throw new Error(String(stderr));
		fs.writeFileSync("target/new", "");
		const seen = look();
		await unmount("target");
		return [seen.right.length, fs.readdirSync(inside("up")), fs.readdirSync("image-mount")];`;
		const ways = [
			["calls", "spec.calls"],
			["classic", "spec.classic"],
			["oci", "[...spec.oci.before, ...spec.oci.mounts.map(oci), ...spec.oci.after]"],
		] as const;

		test.each(ways)("has the same mount: %s", (_way, choose) => {
			expect(inMountNamespace(at(), body("plain", choose))).toEqual([3, ["new"], []]);
			expect(inMountNamespace(mkdir("odd"), body("a:b,c\\d\\:e é", choose))).toEqual([3, ["new"], []]);
		});

		function mkdir(name: string): string {
			mkdirSync(at(name));
			return at(name);
		}
	},
);
