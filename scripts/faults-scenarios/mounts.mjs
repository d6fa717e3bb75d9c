// Mounting, where it can be done: alone and with objects, from a file and from a loop device, with owners mapped, with
// changes, in a folder of the caller's.
import { spawn, spawnSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { equals, Wrong } from "./support.mjs";

const DIGEST = "a".repeat(64);
const CONTENT = "content";

export async function mountScenarios(folder) {
	const { Tree, writeImage } = await import("../../lib/index.js");
	const { mount, mountImage, unmount } = await import("../../lib/mount/index.js");
	const at = (name) => path.join(folder, name);
	const tree = new Tree();
	tree.writeFile("/file", Buffer.from(CONTENT));
	for (const name of ["mountpoint", "objects", "image-mount", "changes", "memory"]) fs.mkdirSync(at(name));
	await writeImage(tree, { to: at("mounted") });
	const scenario = scenariosAt(at("mountpoint"), unmount);
	const image = at("mounted");
	const objects = [at("objects")];
	const changes = { upperdir: at("changes/upper"), workdir: at("changes/work") };
	return {
		mount: { ...scenario(() => mount(image, at("mountpoint"), { objects })), isShort: true },
		"mount: an image alone": scenario(() => mountImage(image, at("mountpoint"))),
		"mount: in a folder of the caller's": scenario(
			() => mount(image, at("mountpoint"), { objects, imageMount: at("image-mount") }),
			at("image-mount"),
		),
		"mount: with changes, and verity tried": withChanges(
			scenario(() => mount(image, at("mountpoint"), { objects, ...changes, verity: "try" })),
			Object.values(changes),
		),
		"mount: verity required": scenario(() => mount(image, at("mountpoint"), { objects, verity: "require" })),
		"mount: a digest of what is not sealed": digestScenario(scenario, () =>
			mountImage(image, at("mountpoint"), { digest: DIGEST }),
		),
		...(await idmapScenario(scenario, (idmap) => mountImage(image, at("mountpoint"), { idmap }))),
		...(await loopScenario(scenario, at, (file) => mountImage(file, at("mountpoint")))),
		unmount: unmountScenario(() => mountImage(image, at("mountpoint")), scenario),
	};
}

/** What mounts something at a place, and is unmounted there: whatever it ended with, nothing stays. */
function scenariosAt(target, unmount) {
	const mounts = () => fs.readFileSync("/proc/self/mountinfo", "latin1").split("\n").length;
	const leftover = () =>
		fs.readdirSync(process.env.TMPDIR ?? "/tmp").filter((name) => name.startsWith("composefs-mount-")).length;
	/** @param other   what may stay mounted too, if it cannot be unmounted */
	return (work, other) => {
		let before;
		return {
			prepare: () => {
				before = { mounts: mounts(), folders: leftover() };
			},
			run: async () => {
				await work();
				equals(CONTENT, fs.readFileSync(path.join(target, "file"), "latin1"));
			},
			after: async (done) => {
				if (other !== undefined) spawnSync("umount", ["-l", other], { stdio: "ignore" });
				if (!done && mounts() !== before.mounts) throw new Wrong("it is mounted, and failed");
				await unmount(target).catch(() => undefined);
				if (mounts() !== before.mounts) throw new Wrong(`${mounts() - before.mounts} mounts more`);
				// What could not be removed, who mounts next removes.
				if (leftover() > before.folders + 1) throw new Wrong("folders are left");
			},
			codes: ["ERR_COMPOSEFS_MOUNT"],
		};
	};
}

function withChanges(found, folders) {
	const prepare = () => {
		for (const name of folders) {
			fs.rmSync(name, { recursive: true, force: true });
			fs.mkdirSync(name);
		}
		found.prepare();
	};
	return { ...found, prepare };
}

/** The image is not sealed: being told so is the right result. */
function digestScenario(scenario, work) {
	const { prepare, after, codes } = scenario();
	return {
		prepare,
		run: async () => {
			try {
				await work();
			} catch (error) {
				if (
					error.rule === "image-verity" &&
					(error.errno === -25 || error.errno === -61 || error.errno === -95)
				)
					return;
				throw error;
			}
			throw new Wrong("it is mounted");
		},
		after: () => after(false),
		codes,
	};
}

async function idmapScenario(scenario, work) {
	const child = spawn("unshare", ["-U", "sleep", "3600"], { stdio: "ignore" });
	child.unref();
	process.once("exit", () => child.kill());
	const namespace = (process) => fs.readlinkSync(`/proc/${process}/ns/user`);
	for (let i = 0; i < 100 && namespace(child.pid) === namespace("self"); i++)
		await new Promise((resolve) => setTimeout(resolve, 20));
	for (const map of ["uid_map", "gid_map"]) fs.writeFileSync(`/proc/${child.pid}/${map}`, "0 100000 65536");
	return { "mount: owners mapped": scenario(() => work(`/proc/${child.pid}/ns/user`)) };
}

/** From a file system that EROFS cannot mount a file of. None where no loop device can be had. */
async function loopScenario(scenario, at, work) {
	if (spawnSync("mount", ["-t", "tmpfs", "none", at("memory")]).status !== 0) return {};
	fs.copyFileSync(at("mounted"), at("memory/image"));
	const fd = fs.openSync(at("memory/image"), "r");
	spawnSync("umount", ["-l", at("memory")]); // it lasts as long as the file is open
	const found = scenario(() => work({ fd }));
	try {
		found.prepare();
		await found.run();
		await found.after(true);
	} catch (error) {
		if (error.rule === "loop") return {};
		throw error;
	}
	return { "mount: by a loop device": found };
}

/** What could not be unmounted is still mounted. */
function unmountScenario(mountIt, scenario) {
	let mounted;
	const { prepare, after } = scenario();
	return {
		prepare: async () => {
			await mounted?.unmount();
			prepare();
			mounted = await mountIt();
		},
		run: () => mounted.unmount(),
		after: async () => {
			await mounted.unmount();
			await after(true);
		},
	};
}
