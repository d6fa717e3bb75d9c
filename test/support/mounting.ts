/** Processes that mount: each in a mount namespace of its own, so that nothing of it stays on this machine. */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { projectRoot } from "./needs.ts";

export const CANNOT_MOUNT = "mounting takes root, unshare, EROFS and overlayfs";

const WORLD = pathToFileURL(path.join(projectRoot, "test/fixtures/mount-world.mjs")).href;

/** Whether this user may mount, and this kernel knows the file systems; loads their modules if it has to. */
export const canMount: true | undefined =
	mayMount() && ["erofs", "overlay"].every(isKnown) ? true : undefined;

function mayMount(): boolean {
	return process.getuid?.() === 0 && succeeds("unshare", ["-m", "mount", "-t", "tmpfs", "none", "/mnt"]);
}

function isKnown(type: string): boolean {
	const known = () => new RegExp(`\\b${type}$`, "m").test(readFileSync("/proc/filesystems", "utf8"));
	return known() || (succeeds("modprobe", [type]) && known());
}

function succeeds(program: string, args: readonly string[]): boolean {
	return spawnSync(program, args, { stdio: "ignore" }).status === 0;
}

/** The user nobody, if it can read what is to be run, and get to temporary folders. */
export const asNobody: readonly string[] | undefined = nobody();

function nobody(): readonly string[] | undefined {
	const wrapper = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"];
	const [program = "", ...args] = wrapper;
	const readable = [path.join(projectRoot, "lib/index.js"), tmpdir()];
	const canRead = readable.every((file) => succeeds(program, [...args, "test", "-r", file]));
	return canMount && canRead ? wrapper : undefined;
}

/**
 * Runs a module's text in a mount namespace of its own, in a folder; what it returns comes back by way of JSON. It
 * has all that test/fixtures/mount-world.mjs exports, and `fs`.
 *
 * @param wrapper   a program, with arguments, that runs node, instead of a mount namespace
 */
export function inMountNamespace(
	folder: string,
	body: string,
	wrapper: readonly string[] = ["unshare", "-m", "--propagation", "private"],
): unknown {
	const code = `
		import fs from "node:fs";
		import { spawnSync } from "node:child_process";
		import * as world from ${JSON.stringify(WORLD)};
		const { composefs, mounting, CONTENTS, makeWorld, putObject, look, failureOf, traces, mountOptions, mapOwners } = world;
		const { mount, mountImage, mountSpec, unmount } = mounting;
		const result = await (async () => { ${body} })();
		fs.writeSync(3, JSON.stringify(result) ?? "null");`;
	const [program = "", ...args] = wrapper;
	const { status, signal, output } = spawnSync(
		program,
		[...args, process.execPath, "--input-type=module", "--eval", code],
		{ cwd: folder, encoding: "utf8", stdio: ["ignore", "pipe", "pipe", "pipe"], timeout: 100_000 },
	);
	const [, , stderr, result] = output ?? [];
	if (status !== 0) throw new Error(`the child ended with ${signal ?? status}:\n${stderr}`);
	return JSON.parse(result ?? "");
}
