/** Where a layer goes, with the digest and size of what went there. */
import { createHash, type Hash, randomBytes } from "node:crypto";
import { type Stats, write as writeFd } from "node:fs";
import { type FileHandle, open, readlink, rename, rm, stat } from "node:fs/promises";
import { setTimeout as pause } from "node:timers/promises";
import { promisify } from "node:util";
import {
	descriptorOf,
	type FilePath,
	isOpenFile,
	type OpenFile,
	pathToBytes,
	pathToString,
} from "../file-path.ts";
import { openFifo } from "../open-file.ts";
import { systemCall } from "../system-call.ts";

const writeBytes = promisify(writeFd);
const MOST_DELAY_MS = 50;

export class LayerTarget {
	readonly #fd: number;
	/** For errors; undefined if it came open. */
	readonly #name: string | undefined;
	readonly #signal: AbortSignal | undefined;
	readonly #own: OwnFile | undefined;
	readonly #hash: Hash = createHash("sha256");
	size = 0;

	private constructor(fd: number, signal?: AbortSignal, own?: OwnFile, name?: string) {
		this.#fd = fd;
		this.#name = name;
		this.#signal = signal;
		this.#own = own;
	}

	/**
	 * A path: what is written has that name when it is complete; a device or pipe is written to as it is. An open file:
	 * from where it stands.
	 *
	 * @throws ComposefsError: as everything here, the error of a system call
	 */
	static async open(to: FilePath | OpenFile, signal?: AbortSignal): Promise<LayerTarget> {
		if (isOpenFile(to)) return new LayerTarget(descriptorOf(to), signal);
		const name = pathToString(to);
		const own = await systemCall(openOwn(Buffer.from(pathToBytes(to)), signal), name);
		return new LayerTarget(own.handle.fd, signal, own, name);
	}

	/** @throws also the signal's reason, while nobody reads what is written to a pipe */
	async write(bytes: Uint8Array): Promise<void> {
		this.#hash.update(bytes);
		this.size += bytes.length;
		for (let at = 0; at < bytes.length; ) {
			at += await systemCall(writeSome(this.#fd, bytes.subarray(at), this.#signal), this.#name);
		}
	}

	/** Gives it its name. @returns the digest, `sha256:` and 64 digits */
	async finish(): Promise<string> {
		if (this.#own !== undefined) await systemCall(publish(this.#own), this.#name);
		return `sha256:${this.#hash.digest("hex")}`;
	}

	/** Leaves nothing of a file of its own. */
	async discard(): Promise<void> {
		await this.#own?.handle.close().catch(() => undefined);
		if (this.#own?.temporary !== undefined) await rm(this.#own.temporary, { force: true });
	}
}

/** A pipe that does not block (Node makes its stdout so) takes some when there is room. */
async function writeSome(fd: number, bytes: Uint8Array, signal: AbortSignal | undefined): Promise<number> {
	for (let delay = 1; ; delay = Math.min(delay * 2, MOST_DELAY_MS))
		try {
			return (await writeBytes(fd, bytes, 0, bytes.length, null)).bytesWritten;
		} catch (error) {
			if ((error as NodeJS.ErrnoException).code !== "EAGAIN") throw error;
			await pause(delay);
			signal?.throwIfAborted();
		}
}

/** A file that was opened here. */
interface OwnFile {
	readonly handle: FileHandle;
	readonly path: Buffer;
	/** Its name meanwhile, if it is to be renamed. */
	readonly temporary: Buffer | undefined;
}

const MOST_SYMLINKS = 40; // as the kernel has it (path_resolution(7))
const NEW_FILE = 0o666; // less the umask, as for any new file
const SLASH = 0x2f;

async function openOwn(path: Buffer, signal: AbortSignal | undefined): Promise<OwnFile> {
	const found = await stat(path).catch((error: NodeJS.ErrnoException) => {
		if (error.code !== "ENOENT") throw error;
	});
	if (found !== undefined && !found.isFile())
		return { handle: await openAsItIs(path, found, signal), path, temporary: undefined };
	const target = await resolveLinks(path);
	// Not of the process's number: in a container each has the same.
	const temporary = Buffer.concat([target, Buffer.from(`.${randomBytes(8).toString("hex")}.tmp`)]);
	return { handle: await open(temporary, "wx", NEW_FILE), path: target, temporary };
}

function openAsItIs(path: Buffer, found: Stats, signal: AbortSignal | undefined): Promise<FileHandle> {
	return found.isFIFO() ? openFifo(path, signal) : open(path, "w");
}

async function publish({ handle, path, temporary }: OwnFile): Promise<void> {
	if (temporary !== undefined) {
		await handle.sync();
		await rename(temporary, path);
		await syncFolder(folderOf(path));
	}
	await handle.close();
}

/** What a symlink leads to is replaced, not the symlink; also if nothing is there yet. */
async function resolveLinks(path: Buffer): Promise<Buffer> {
	let resolved = path;
	for (let hops = 0; hops < MOST_SYMLINKS; hops++) {
		const target = await readlink(resolved, "buffer").catch(() => undefined);
		if (target === undefined) return resolved;
		resolved = target[0] === SLASH ? target : Buffer.concat([folderOf(resolved), target]);
	}
	return resolved; // opening it says that these are too many
}

/** With its slash; nothing for the working directory. */
function folderOf(path: Buffer): Buffer {
	return path.subarray(0, path.lastIndexOf(SLASH) + 1);
}

/** What has its name keeps it; a file system that cannot sync a folder does not change that. */
async function syncFolder(folder: Buffer): Promise<void> {
	const handle = await open(folder.length > 0 ? folder : ".", "r").catch(() => undefined);
	await handle?.sync().catch(() => undefined);
	await handle?.close();
}
