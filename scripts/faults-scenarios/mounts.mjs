// Mounting, where it can be done.
import fs from "node:fs";
import path from "node:path";
import { Wrong } from "./support.mjs";

export async function mountScenarios(folder) {
	const at = (name) => path.join(folder, name);
	const { Tree, writeImage } = await import("../../lib/index.js");
	const { mount, unmount } = await import("../../lib/mount/index.js");
	const tree = new Tree();
	tree.writeFile("/file", Buffer.from("content"));
	await writeImage(tree, { to: at("mounted") });
	for (const name of ["mountpoint", "objects"]) fs.mkdirSync(at(name));
	const mounts = () => fs.readFileSync("/proc/self/mountinfo", "latin1").split("\n").length;
	const before = mounts();
	const leftover = () =>
		fs.readdirSync(process.env.TMPDIR ?? "/tmp").filter((name) => name.startsWith(".composefs")).length;
	const folders = leftover();
	return {
		mount: {
			run: async () => {
				await mount(at("mounted"), at("mountpoint"), { objects: [at("objects")] });
				if (fs.readFileSync(at("mountpoint/file"), "latin1") !== "content") throw new Wrong("the file");
			},
			after: async () => {
				await unmount(at("mountpoint")).catch(() => undefined);
				if (mounts() !== before) throw new Wrong(`${mounts() - before} mounts more`);
				if (leftover() !== folders) throw new Wrong("a folder is left");
			},
			codes: ["ERR_COMPOSEFS_MOUNT"],
		},
	};
}
