/** Files that get their name when they are complete: until then, and if that fails, what had it keeps it. */
import { randomBytes } from "node:crypto";
import { type FileHandle, open, readlink, rename, rm, stat } from "node:fs/promises";

const MOST_SYMLINKS = 40; // as the kernel has it (path_resolution(7))
const NEW_FILE = 0o666; // less the umask, as for any new file
const SLASH = 0x2f;

/** Throws the errors of node:fs. */
export class Replacement {
	/** To write to. */
	readonly handle: FileHandle;
	readonly #path: Buffer;
	readonly #temporary: Buffer;

	private constructor(handle: FileHandle, path: Buffer, temporary: Buffer) {
		this.handle = handle;
		this.#path = path;
		this.#temporary = temporary;
	}

	/** @param path   what a symlink leads to is replaced, not the symlink; also if nothing is there yet */
	static async open(path: Buffer): Promise<Replacement> {
		const target = await resolveLinks(path);
		// Not of the process's number: in a container each has the same.
		const temporary = Buffer.concat([target, Buffer.from(`.${randomBytes(8).toString("hex")}.tmp`)]);
		return new Replacement(await open(temporary, "wx", NEW_FILE), target, temporary);
	}

	/** Gives it its name, for good: file and name are on disk. */
	async publish(): Promise<void> {
		await this.handle.sync();
		await rename(this.#temporary, this.#path);
		const folder = folderOf(this.#path);
		await syncPlace(folder.length > 0 ? folder : ".");
		await this.handle.close();
	}

	/** Leaves nothing of it, unless it has its name. */
	async discard(): Promise<void> {
		await this.handle.close().catch(() => undefined);
		await rm(this.#temporary, { force: true });
	}
}

async function resolveLinks(path: Buffer): Promise<Buffer> {
	let resolved = path;
	for (let hops = 0; hops < MOST_SYMLINKS; hops++) {
		const target = await readlink(resolved, "buffer").catch(() => undefined);
		if (target === undefined) return resolved;
		resolved = target[0] === SLASH ? target : Buffer.concat([folderOf(resolved), target]);
	}
	await stat(path); // says that these are too many: ELOOP
	return resolved;
}

/** With its slash; nothing for the working directory. */
function folderOf(path: Buffer): Buffer {
	return path.subarray(0, path.lastIndexOf(SLASH) + 1);
}

/** A folder that cannot be read, or whose file system syncs none (native/sync_folder.h has the same list). */
const NO_SYNC = new Set(["EACCES", "EBADF", "EINVAL", "ENOSYS", "ENOTSUP"]);

/** What is in a file, or names that were given in a folder, is on disk, if its file system can do that. */
export async function syncPlace(place: Buffer | string): Promise<void> {
	let handle: FileHandle | undefined;
	try {
		handle = await open(place, "r");
		await handle.sync();
	} catch (error) {
		if (!NO_SYNC.has((error as NodeJS.ErrnoException).code ?? "")) throw error;
	} finally {
		await handle?.close();
	}
}
