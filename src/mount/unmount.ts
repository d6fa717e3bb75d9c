/** Ending mounts. */
import { realpath } from "node:fs/promises";
import { trace } from "../diagnostics.ts";
import { ComposefsError } from "../errors.ts";
import { absolute, type FilePath, pathToString } from "../file-path.ts";
import { awaitJob } from "../native.ts";
import { systemCall } from "../system-call.ts";
import { listMounts, type MountEntry, mountIdAt } from "./mount-info.ts";

export interface UnmountOptions {
	/** Take it away at once, though files in it are open: what has them keeps them. Default: false */
	readonly detach?: boolean | undefined;
}

/**
 * Unmounts what `mount` has mounted at a folder, in this process or another.
 *
 * @throws ComposefsError `ERR_COMPOSEFS_MOUNT`, rule `not-mounted`, if it is no mount of composefs's; `EBUSY`, if
 *   it is in use; or the error of a system call
 */
export async function unmount(target: FilePath, options: UnmountOptions = {}): Promise<void> {
	const name = pathToString(target);
	const path = await systemCall(realpath(Buffer.from(absolute(target)), "buffer"), name);
	const id = await mountIdAt(path);
	const entry = (await listMounts()).find((mount) => mount.id === id);
	if (entry === undefined || !isComposefs(entry)) throw notMounted(name);
	await unmountPath(path, name, options);
}

function isComposefs({ type, source }: MountEntry): boolean {
	return type === "erofs" || (type === "overlay" && source === "composefs");
}

function notMounted(name: string): ComposefsError {
	const message = `${name}: no composefs image is mounted here`;
	return new ComposefsError("ERR_COMPOSEFS_MOUNT", message, { rule: "not-mounted", path: name });
}

/** Unmounts the mount of a number, if it is still there: another in its place is not ours to end. */
export async function unmountById(
	path: Uint8Array,
	id: number | undefined,
	options: UnmountOptions,
): Promise<void> {
	const name = pathToString(path);
	if ((await mountIdAt(path)) === id) return unmountPath(path, name, options);
	if (!(await listMounts()).some((mount) => mount.id === id)) return;
	const message = `${name}: another mount is in front of this one, or this one was moved: unmount that first`;
	throw new ComposefsError("ERR_COMPOSEFS_MOUNT", message, { rule: "covered", path: name });
}

function unmountPath(path: Uint8Array, name: string, options: UnmountOptions): Promise<void> {
	const work = () => unmountNow(path, name, options);
	return trace(
		"composefs:unmount",
		() => ({ target: name }),
		work,
		() => ({}),
	);
}

async function unmountNow(path: Uint8Array, name: string, { detach = false }: UnmountOptions): Promise<void> {
	try {
		await awaitJob((addon) => addon.unmount(path, detach), { file: name });
	} catch (error) {
		if (!(error instanceof ComposefsError)) throw error;
		if (error.code === "EINVAL") throw notMounted(name);
		if (error.code !== "EBUSY") throw error;
		const { errno, syscall } = error;
		throw new ComposefsError("EBUSY", `EBUSY: ${name} is in use: end what uses it, or detach it`, {
			path: name,
			...(errno !== undefined && { errno }),
			...(syscall !== undefined && { syscall }),
			cause: error,
		});
	}
}
