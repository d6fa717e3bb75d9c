/** What to do where files cannot be sealed: the kernel has one error for several reasons. */
import { listMounts, mountIdAt } from "../../mount/mount-info.ts";
import { exists } from "./kernel.ts";

/** File systems that can have fs-verity, and how each gets it, if it has to. */
const SWITCHES: ReadonlyMap<string, ((device: string) => string) | undefined> = new Map([
	["ext4", (device: string) => `tune2fs -O verity ${device}`],
	["f2fs", (device: string) => `a new file system: mkfs.f2fs -O verity ${device}`],
	["btrfs", undefined],
]);

/** @param folder   the one where it was tried; no symlink */
export async function verityAdvice(folder: string): Promise<string> {
	const id = await mountIdAt(Buffer.from(folder));
	const { type, source } = (await listMounts()).find((mount) => mount.id === id) ?? { type: "", source: "" };
	return `a store here cannot have its objects checked by the kernel: ${remedy(type, source, await hasKernel(type))}`;
}

/** Whether the kernel is built with it; undefined where it does not say. */
async function hasKernel(type: string): Promise<boolean | undefined> {
	const features = `/sys/fs/${type}/features`;
	return (await exists(`${features}/verity`)) || ((await exists(features)) ? false : undefined);
}

/**
 * @param type     of the file system, as the kernel names it
 * @param device   what it is on
 * @param kernel   whether the kernel is built with it; undefined where that is not known
 */
export function remedy(type: string, device: string, kernel: boolean | undefined): string {
	if (!SWITCHES.has(type)) return `${type || "this file system"} has no fs-verity; ext4, f2fs and btrfs have`;
	const switched = SWITCHES.get(type)?.(device);
	const kernelText = "a kernel with CONFIG_FS_VERITY";
	if (kernel === false) return [`boot ${kernelText}`, switched].filter(Boolean).join(", then ");
	if (switched === undefined) return `it takes ${kernelText}`;
	return kernel ? switched : `${switched}, and ${kernelText}`;
}
