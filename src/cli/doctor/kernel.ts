/** What the kernel says of itself, in files of /proc and /sys; nothing is tried. */
import { access, readFile } from "node:fs/promises";
import { release } from "node:os";
import type { Check } from "./check.ts";

const CAP_SYS_ADMIN = 21n;

export async function kernelChecks(): Promise<Check[]> {
	if (process.platform !== "linux")
		return [{ name: "kernel", status: "missing", found: process.platform, advice: "mounting takes Linux" }];
	const version = release();
	const fileSystems = await textOf("/proc/filesystems");
	const modules = await textOf(`/lib/modules/${version}/modules.dep`);
	return [
		{ name: "kernel", status: "ok", found: `Linux ${version}` },
		fileSystemCheck("erofs", fileSystems, modules),
		imageFileCheck(version, await exists("/dev/loop-control")),
		overlayCheck(version, fileSystemCheck("overlay", fileSystems, modules)),
		userNamespaceCheck(
			await textOf("/proc/sys/user/max_user_namespaces"),
			await textOf("/proc/sys/kernel/unprivileged_userns_clone"),
		),
		privilegeCheck(await textOf("/proc/self/status"), await textOf("/proc/self/uid_map")),
	];
}

/**
 * @param fileSystems   the text of /proc/filesystems
 * @param modules       the text of modules.dep, empty where there is none
 */
export function fileSystemCheck(name: string, fileSystems: string, modules: string): Check {
	if (new RegExp(`^(nodev)?\\t${name}$`, "m").test(fileSystems))
		return { name, status: "ok", found: "in the kernel" };
	if (new RegExp(`/${name}\\.ko`).test(modules))
		return { name, status: "ok", found: "a module that is not loaded", advice: `modprobe ${name}` };
	const advice = `nothing can be mounted without: modprobe ${name}, or a kernel with CONFIG_${name.toUpperCase()}_FS`;
	return { name, status: "missing", found: "not in this kernel", advice };
}

/** Whether an image is mounted from its file. */
export function imageFileCheck(version: string, hasLoop: boolean): Check {
	const name = "image files";
	if (atLeast(version, 6, 12))
		return { name, status: "ok", found: "mounted as they are (Linux 6.12 or later)" };
	if (hasLoop) return { name, status: "ok", found: "mounted by loop devices; without, from Linux 6.12 on" };
	const advice = "make /dev/loop-control and /dev/loop* available, or boot Linux 6.12 or later";
	return { name, status: "missing", found: "no loop devices", advice };
}

export function overlayCheck(version: string, overlay: Check): Check {
	if (overlay.status !== "ok") return overlay;
	if (atLeast(version, 6, 6))
		return { ...overlay, found: `${overlay.found}; data-only layers, and fs-verity of them` };
	const data = atLeast(version, 6, 5)
		? "data-only layers"
		: "no data-only layers: objects can be seen in none";
	return {
		...overlay,
		status: "limited",
		found: `${overlay.found}; ${data}`,
		advice: "verity=require takes Linux 6.6 or later",
	};
}

export function userNamespaceCheck(most: string, allowed: string): Check {
	const name = "user namespaces";
	if (most.trim() === "") return { name, status: "unknown", found: "the kernel does not say" };
	if (most.trim() !== "0" && allowed.trim() !== "0") return { name, status: "ok", found: "for every user" };
	const advice = "owners of a mount cannot be mapped (idmap), but by root";
	return { name, status: "limited", found: "for root alone", advice };
}

/** Mounts take CAP_SYS_ADMIN in the initial user namespace. */
export function privilegeCheck(status: string, uidMap: string): Check {
	const name = "privileges";
	const capabilities = BigInt(`0x${/^CapEff:\s*([0-9a-f]+)/m.exec(status)?.[1] ?? "0"}`);
	const initial = /^\s*0\s+0\s+4294967295\s*$/.test(uidMap);
	const advice = "building images and stores takes none; mounting takes root outside of user namespaces";
	if (((capabilities >> CAP_SYS_ADMIN) & 1n) === 0n)
		return { name, status: "limited", found: "no CAP_SYS_ADMIN", advice };
	if (!initial) return { name, status: "limited", found: "root of a user namespace", advice };
	return { name, status: "ok", found: "CAP_SYS_ADMIN, in the initial user namespace" };
}

function atLeast(version: string, major: number, minor: number): boolean {
	const [, ours = "0", sub = "0"] = /^(\d+)\.(\d+)/.exec(version) ?? [];
	return Number(ours) > major || (Number(ours) === major && Number(sub) >= minor);
}

function textOf(path: string): Promise<string> {
	return readFile(path, "utf8").catch(() => "");
}

/** Whether the kernel has something there. */
export function exists(path: string): Promise<boolean> {
	return access(path).then(
		() => true,
		() => false,
	);
}
