/** Where a layer goes, with the digest and size of what went there. */
import { createHash, type Hash } from "node:crypto";
import { type Stats, write as writeFd } from "node:fs";
import { type FileHandle, open, stat } from "node:fs/promises";
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
import { Replacement } from "../replacement.ts";
import { systemCall } from "../system-call.ts";

const writeBytes = promisify(writeFd);
const MOST_DELAY_MS = 50;

export class LayerTarget {
	readonly #fd: number;
	/** For errors; undefined if it came open. */
	readonly #name: string | undefined;
	readonly #signal: AbortSignal | undefined;
	readonly #opened: Opened | undefined;
	readonly #hash: Hash = createHash("sha256");
	size = 0;

	private constructor(fd: number, signal?: AbortSignal, opened?: Opened, name?: string) {
		this.#fd = fd;
		this.#name = name;
		this.#signal = signal;
		this.#opened = opened;
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
		const opened = await systemCall(openTarget(Buffer.from(pathToBytes(to)), signal), name);
		return new LayerTarget(opened.handle.fd, signal, opened, name);
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
		const { handle, replacement } = this.#opened ?? {};
		if (replacement !== undefined) await systemCall(replacement.publish(), this.#name);
		else await handle?.close();
		return `sha256:${this.#hash.digest("hex")}`;
	}

	/** Leaves nothing of a file of its own. */
	async discard(): Promise<void> {
		const { handle, replacement } = this.#opened ?? {};
		if (replacement !== undefined) await replacement.discard();
		else await handle?.close().catch(() => undefined);
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

/** What was opened here: a file that gets its name at the end, or a device or pipe as it is. */
interface Opened {
	readonly handle: FileHandle;
	readonly replacement: Replacement | undefined;
}

async function openTarget(path: Buffer, signal: AbortSignal | undefined): Promise<Opened> {
	const found = await stat(path).catch((error: NodeJS.ErrnoException) => {
		if (error.code !== "ENOENT") throw error;
	});
	if (found !== undefined && !found.isFile())
		return { handle: await openAsItIs(path, found, signal), replacement: undefined };
	const replacement = await Replacement.open(path);
	return { handle: replacement.handle, replacement };
}

function openAsItIs(path: Buffer, found: Stats, signal: AbortSignal | undefined): Promise<FileHandle> {
	return found.isFIFO() ? openFifo(path, signal) : open(path, "w");
}
