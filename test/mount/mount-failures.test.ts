/** Mounts that fail, or are interrupted: each says why, and leaves nothing behind. */
import { existsSync, mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { beforeAll, expect, test } from "@jest/globals";
import { asNobody, CANNOT_MOUNT, canMount, inMountNamespace } from "../support/mounting.ts";
import { describeIf } from "../support/needs.ts";
import { useTemporaryFolder } from "../support/temporary.ts";

const at = useTemporaryFolder();
const run = (body: string, wrapper?: readonly string[]) => inMountNamespace(at(), body, wrapper);

describeIf("a mount that fails", canMount, CANNOT_MOUNT, () => {
	let failures: Record<string, Record<string, unknown>>;
	let leaks: unknown;

	beforeAll(() => {
		const folder = mkdtempSync(path.join(realpathSync(tmpdir()), "composefs-test-"));
		try {
			const result = inMountNamespace(
				folder,
				`
				const digest = await makeWorld();
				const before = JSON.stringify(traces());
				const objects = ["objects"];
				const fails = (options, image = "rootfs.cfs", target = "target") =>
					failureOf(mount(image, target, { objects, ...options }));
				fs.writeFileSync("file", "");
				fs.writeFileSync("truncated", fs.readFileSync("rootfs.cfs").subarray(0, 4096));
				fs.writeFileSync("longer", Buffer.concat([fs.readFileSync("rootfs.cfs"), Buffer.alloc(1)]));
				const damaged = fs.readFileSync("rootfs.cfs");
				damaged.writeUInt16LE(60000, 1024 + 14);
				fs.writeFileSync("damaged", damaged);
				const all = {
					noVerity: await fails({ digest }),
					noObjects: await fails({ objects: ["objects", "nowhere"] }),
					objectsFile: await fails({ objects: ["file"] }),
					noUpper: await fails({ upperdir: "nowhere", workdir: "work" }),
					sameUpper: await fails({ upperdir: "up", workdir: "up" }),
					noTarget: await fails({}, "rootfs.cfs", "nowhere"),
					fileTarget: await fails({}, "rootfs.cfs", "file"),
					noImage: await fails({}, "nowhere"),
					truncated: await fails({}, "truncated"),
					longer: await fails({}, "longer"),
					empty: await fails({}, "file"),
					damaged: await fails({}, "damaged"),
					idmapFile: await fails({ idmap: "file" }),
					idmapOther: await fails({ idmap: "/proc/self/ns/mnt" }),
					idmapOwn: await fails({ idmap: "/proc/self/ns/user" }),
					imageMountFile: await fails({ imageMount: "file" }),
				};
				return [all, before, JSON.stringify(traces())];`,
			) as [typeof failures, string, string];
			failures = result[0];
			leaks = { before: result[1], after: result[2] };
		} finally {
			rmSync(folder, { recursive: true });
		}
	});

	test.each([
		["noVerity", "ERR_COMPOSEFS_MOUNT", "image-verity", /fs-verity/],
		["noObjects", "ENOENT", "objects-folder", /the objects folder '.*\/nowhere' is not there/],
		["objectsFile", "ENOTDIR", "objects-folder", /'.*\/file' is not a folder/],
		["noUpper", "ENOENT", "upperdir", /upperdir '.*\/nowhere' is not there/],
		["sameUpper", "ERR_COMPOSEFS_MOUNT", "overlay", /upperdir and workdir are to be two folders/],
		["noTarget", "ENOENT", "target", /the target '.*\/nowhere' is not there: make it first/],
		["fileTarget", "ENOTDIR", "target", /the target '.*\/file' is not a folder/],
		["noImage", "ENOENT", undefined, /nowhere/],
		["truncated", "ERR_COMPOSEFS_IMAGE", "image-size", /blocks/],
		["longer", "ERR_COMPOSEFS_IMAGE", "image-size", /blocks/],
		["empty", "ERR_COMPOSEFS_IMAGE", "bounds", /0 bytes/],
		["damaged", "ERR_COMPOSEFS_MOUNT", "image", /the kernel does not mount the image/],
		["idmapFile", "ERR_COMPOSEFS_MOUNT", "idmap", /not a user namespace/],
		["idmapOther", "ERR_COMPOSEFS_MOUNT", "idmap", /not a user namespace/],
		["idmapOwn", "ERR_COMPOSEFS_MOUNT", "idmap", /must be another than this one's/],
		["imageMountFile", "ENOTDIR", "image-mount-folder", /not a folder/],
	])("says why: %s", (name, code, rule, message) => {
		const failure = failures[name];
		expect(failure).toMatchObject({ isError: true, code, message: expect.stringMatching(message) });
		expect(failure?.rule).toBe(rule);
	});

	test("leaves nothing behind", () => {
		const { before, after } = leaks as Record<string, unknown>;
		expect(after).toBe(before);
	});
});

describeIf(
	"without privilege",
	asNobody,
	"mounting as nobody takes root, and a checkout that nobody can read",
	(nobody) => {
		test("says so, in a user namespace too", () => {
			run("await makeWorld(); fs.chmodSync('.', 0o755); return 0;");
			const body = `return [await failureOf(mountImage("rootfs.cfs", "target")),
			await failureOf(mount("rootfs.cfs", "target", { objects: ["objects"] }))];`;
			const wrong = { isError: true, code: "EPERM", rule: "privilege", syscall: "mount", errno: -1 };
			expect(run(body, nobody)).toMatchObject([wrong, wrong]);
			expect(run(body, ["unshare", "-Urm"])).toMatchObject([wrong, wrong]);
		});
	},
);

const loopControl = existsSync("/dev/loop-control") ? canMount : undefined;
const IN_TMPFS = `
	await makeWorld();
	fs.mkdirSync("memory");
	spawnSync("mount", ["-t", "tmpfs", "none", "memory"]);
	fs.copyFileSync("rootfs.cfs", "memory/rootfs.cfs");
	const before = JSON.stringify(traces());
	const options = { objects: ["objects"] };`;

describeIf("an image in memory", loopControl, `${CANNOT_MOUNT}, and loop devices`, () => {
	test("is mounted from a loop device, many at once", () => {
		const result = run(`${IN_TMPFS}
			const targets = Array.from({ length: 8 }, (_, i) => "target" + i);
			for (const target of targets) fs.mkdirSync(target);
			const all = await Promise.all(targets.map((target) => mount("memory/rootfs.cfs", target, options)));
			const seen = targets.map((target) => look(target).right.length);
			await Promise.all(all.map((mounted) => mounted.unmount()));
			const alone = await mountImage("memory/rootfs.cfs", "target");
			await alone.unmount();
			// The kernel frees the device later.
			for (let i = 0; i < 500 && JSON.stringify(traces()) !== before; i++)
				await new Promise((resolve) => setTimeout(resolve, 20));
			return [seen, traces(), JSON.parse(before)];`) as unknown[];
		expect(result[0]).toEqual(Array(8).fill(3));
		expect(result[1]).toEqual(result[2]);
	});

	test("without loop devices is refused, and not for want of fs-verity", () => {
		const result = run(`${IN_TMPFS}
			const wrong = [];
			for (const instead of ["/dev/null", "up"]) {
				if (instead === "up") spawnSync("mount", ["-t", "tmpfs", "none", "/dev"]);
				else spawnSync("mount", ["--bind", instead, "/dev/loop-control"]);
				wrong.push(await failureOf(mount("memory/rootfs.cfs", "target", options)));
				wrong.push(await failureOf(mountImage("memory/rootfs.cfs", "target")));
			}
			return { wrong, folders: fs.readdirSync("tmp"), codes: wrong.map(({ errno }) => errno) };`);
		const message = expect.stringMatching(
			/no loop device can be had: .*loop-control|finding a free loop device/,
		);
		expect(result).toMatchObject({
			wrong: Array(4).fill({ isError: true, code: "ERR_COMPOSEFS_MOUNT", rule: "loop", message }),
			folders: [],
			codes: [-25, -25, -2, -2], // ENOTTY, ENOENT
		});
	});
});

describeIf("a mount that is interrupted", canMount, CANNOT_MOUNT, () => {
	test("by its signal is there, or is not, and leaves nothing behind", () => {
		const result = run(`
			await makeWorld();
			const before = JSON.stringify(traces());
			const count = { mounted: 0, aborted: 0 };
			for (let i = 0; i < 60; i++) {
				const controller = new AbortController();
				const promise = mount("rootfs.cfs", "target", { objects: ["objects"], signal: controller.signal });
				setTimeout(() => controller.abort("enough"), i / 12);
				try {
					await (await promise).unmount();
					count.mounted++;
				} catch (error) {
					if (error !== "enough") throw error;
					count.aborted++;
				}
				if (JSON.stringify(traces()) !== before) throw new Error("leaked at " + i);
			}
			return count;`) as Record<string, number>;
		expect(result.aborted).toBeGreaterThan(0);
		expect(result).toEqual({ aborted: result.aborted, mounted: 60 - Number(result.aborted) });
	});

	test("by a signal that kills leaves nothing that the next does not take away", () => {
		const result = run(`
			await makeWorld();
			const { spawn } = await import("node:child_process");
			const code = \`
				const { mount } = await import("\${new URL("mount/index.js", world.LIB)}");
				process.stdout.write("ready");
				for (;;) await (await mount("rootfs.cfs", "target", { objects: ["objects"] })).unmount();\`;
			for (let i = 0; i < 10; i++) {
				const child = spawn(process.execPath, ["--input-type=module", "--eval", code]);
				await new Promise((resolve) => child.stdout.once("data", resolve));
				await new Promise((resolve) => setTimeout(resolve, 3 + 2 * i));
				child.kill("SIGKILL");
				await new Promise((resolve) => child.once("close", resolve));
				while (spawnSync("umount", ["target"]).status === 0);
			}
			const mounted = await mount("rootfs.cfs", "target", { objects: ["objects"] });
			const { right } = look();
			await mounted.unmount();
			const mounts = fs.readFileSync("/proc/self/mountinfo", "utf8").split("\\n");
			return { right, folders: fs.readdirSync("tmp"), mounts: mounts.filter((line) => line.includes(process.cwd())) };`);
		expect(result).toEqual({ right: ["large", "small", "odd \n name"], folders: [], mounts: [] });
	});

	test("bug: by a signal, kept the image open until the job was collected", () => {
		const result = run(`
			await makeWorld();
			const times = async (count) => {
				for (let n = 0; n < count; n++) {
					const signal = AbortSignal.timeout(n % 4);
					const mounted = mount("rootfs.cfs", "target", { objects: ["objects"], signal });
					await mounted.then((it) => it.unmount(), () => undefined);
				}
				return fs.readdirSync("/proc/self/fd").length;
			};
			const before = await times(4);
			return { more: (await times(60)) - before };`);
		expect(result).toEqual({ more: 0 });
	});
});
