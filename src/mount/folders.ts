/** The folders of a mount: there, folders indeed, and named in a way that every kernel takes. */
import { constants } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { tmpdir } from "node:os";
import { getSystemErrorMap } from "node:util";
import { ComposefsError } from "../errors.ts";
import { pathToString } from "../file-path.ts";

/** What separates or escapes in the options of overlayfs. */
const ODD = /[:,\\]/;

export type FolderRole = "objects folder" | "upperdir" | "workdir" | "target" | "image mount folder";

/**
 * Opens folders and names them. One whose path has a `:`, `,` or `\` in it is named by its descriptor: older
 * kernels would take it apart, and overlayfs would then be made of other folders. Such a folder shows up as
 * `/proc/self/fd/…` in the kernel's list of mounts.
 */
export class Folders {
	readonly #open: FileHandle[] = [];

	/** The path to give to the kernel while this is open. */
	async name(role: FolderRole, path: Uint8Array): Promise<Uint8Array> {
		const handle = await openFolder(role, path);
		if (!isOdd(path)) {
			await handle.close();
			return path;
		}
		this.#open.push(handle);
		return Buffer.from(`/proc/self/fd/${handle.fd}`);
	}

	async close(): Promise<void> {
		for (const handle of this.#open) await handle.close();
	}
}

/** @throws ComposefsError with the system's code, and the role as `rule` */
export async function openFolder(role: FolderRole, path: Uint8Array): Promise<FileHandle> {
	try {
		return await open(Buffer.from(path), constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NONBLOCK);
	} catch (cause) {
		const { code = "EIO", errno = 0 } = cause as NodeJS.ErrnoException;
		const name = pathToString(path);
		const text = REASONS[code] ?? getSystemErrorMap().get(errno)?.[1] ?? "cannot be opened";
		throw new ComposefsError(code, `${code}: the ${role} '${name}' ${text}`, {
			rule: role.replaceAll(" ", "-"),
			path: name,
			syscall: "open",
			errno,
			cause,
		});
	}
}

const REASONS: Readonly<Record<string, string>> = {
	ENOENT: "is not there: make it first",
	ENOTDIR: "is not a folder",
	EACCES: "may not be opened by this user",
};

/** The folder by another name would be another mount point: this one cannot be named by a descriptor. */
export function checkImageMount(path: Uint8Array): void {
	if (!isOdd(path)) return;
	const name = pathToString(path);
	const message = `${name}: the image mount folder has a ':', ',' or '\\' in its path: choose another`;
	throw new ComposefsError("ERR_COMPOSEFS_MOUNT", message, { rule: "image-mount-folder", path: name });
}

/** Where folders for a moment are made: the system's temporary folder, if its name will do. */
export function temporaryFolder(folder: string = tmpdir()): string {
	return ODD.test(folder) ? "/tmp" : folder;
}

function isOdd(path: Uint8Array): boolean {
	return ODD.test(Buffer.from(path).toString("latin1"));
}
