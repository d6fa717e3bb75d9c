/** File systems for tests: small ones, read-only ones, those without fs-verity. */
import { spawnSync } from "node:child_process";
import { accessSync, constants, mkdirSync, statfsSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { findProgram } from "./needs.ts";

/** A folder whose file system knows nothing of fs-verity, if the machine is not an odd one: tmpfs never does. */
export const FOLDER_WITHOUT_VERITY: string = isWritable("/dev/shm") ? "/dev/shm" : tmpdir();

/** ext4, XFS, Btrfs, F2FS, tmpfs. */
const OF_OWN_TIMES = new Set([0xef53, 0x58465342, 0x9123683e, 0xf2f52010, 0x01021994]);

/** A folder whose files' digests stores remember: in containers, the one for temporary files is on overlayfs. */
export const FOLDER_OF_OWN_TIMES: string = OF_OWN_TIMES.has(statfsSync(tmpdir()).type)
	? tmpdir()
	: "/dev/shm";

function isWritable(folder: string): boolean {
	try {
		accessSync(folder, constants.W_OK);
		return true;
	} catch {
		return false;
	}
}

function canMount(): boolean {
	if (process.getuid?.() !== 0 || findProgram("mkfs.ext4") === undefined) return false;
	const script = 'd=$(mktemp -d) && mount -t tmpfs none "$d" && umount "$d" && rmdir "$d"';
	return spawnSync("unshare", ["-m", "sh", "-c", script]).status === 0;
}

/** Defined where file systems can be made and mounted. */
export const mounting: true | undefined = canMount() ? true : undefined;
export const NO_MOUNTING = "needs root, mount and mkfs.ext4";

/** Makes an ext4 file system of some bytes in a file, and mounts it on a folder. A crash is survived with a journal only. */
export function mountSmall(image: string, folder: string, bytes: number, journal = "^has_journal"): void {
	writeFileSync(image, "");
	truncateSync(image, bytes);
	run("mkfs.ext4", "-q", "-b", "4096", "-m", "0", "-O", journal, image);
	mountImage(image, folder);
}

/** Mounts a file system that is in a file: a copy of one that is mounted has what a crash would leave of that. */
export function mountImage(image: string, folder: string): void {
	mkdirSync(folder, { recursive: true });
	run("mount", "-o", "loop", image, folder);
}

export function remount(folder: string, options: string): void {
	run("mount", "-o", `remount,${options}`, folder);
}

export function unmount(folder: string): void {
	run("umount", folder);
}

function run(program: string, ...args: string[]): void {
	const { status, stderr } = spawnSync(program, args, { encoding: "utf8" });
	if (status !== 0) throw new Error(`${program} ${args.join(" ")}: ${stderr}`);
}
