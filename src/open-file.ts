/** Opening files of this machine, whatever they are: a fifo would keep a thread of the pool until its other end is opened. */
import { closeSync, constants, createReadStream, openSync, type ReadStream, statSync } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { setTimeout as pause } from "node:timers/promises";
import { onAbort } from "./abort.ts";
import { abortable } from "./abortable.ts";
import {
	descriptorOf,
	type FilePath,
	isOpenFile,
	type OpenFile,
	pathToBytes,
	pathToString,
} from "./file-path.ts";
import { fromSystem, systemCall } from "./system-call.ts";

const POLL_MS = 50;

/**
 * For what is read from wherever in it: a fifo is opened, and cannot be read so.
 *
 * @param name   what an error calls it
 * @throws ComposefsError: the error of the system call
 */
export function openToRead(path: FilePath, name: string = pathToString(path)): Promise<FileHandle> {
	return systemCall(openAtOnce(Buffer.from(pathToBytes(path))), name);
}

/** A file that was given by its path or open, open. */
export interface OpenedFile {
	readonly fd: number;
	/** What an error calls it; undefined if it came open. */
	readonly name: string | undefined;
	/** Closes it, unless it came open. */
	close(): Promise<void>;
}

/**
 * Opens a file as `openToRead` does, unless it is open.
 *
 * @throws ComposefsError: the error of the system call
 */
export async function openGiven(file: FilePath | OpenFile, name?: string): Promise<OpenedFile> {
	if (isOpenFile(file)) return { fd: descriptorOf(file), name: undefined, close: async () => {} };
	const shown = name ?? pathToString(file);
	const handle = await openToRead(file, shown);
	return { fd: handle.fd, name: shown, close: () => handle.close() };
}

async function openAtOnce(path: Buffer): Promise<FileHandle> {
	try {
		return await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
	} catch (error) {
		// Somebody has a lease on the file (fcntl(2)), and is asked to give it up.
		if ((error as NodeJS.ErrnoException).code !== "EAGAIN") throw error;
		return open(path, "r");
	}
}

/**
 * The bytes of a file, device or fifo, from its beginning to its end. A fifo is waited for until somebody writes to it, or the signal
 * aborts.
 *
 * @throws ComposefsError: the error of the system call, which names the file; the signal's reason
 */
export async function* readStream(
	path: string | Buffer,
	options: { readonly highWaterMark: number; readonly start?: number; readonly end?: number },
	signal: AbortSignal | undefined,
): AsyncGenerator<Buffer> {
	signal?.throwIfAborted();
	const stream = createReadStream(path, options);
	const forget = onAbort(signal, () => abandon(stream, path));
	try {
		yield* abortable<Buffer>(stream, signal);
	} catch (error) {
		signal?.throwIfAborted();
		// node:fs names no file where reading fails, as of a folder.
		throw fromSystem(error, pathToString(path));
	} finally {
		forget();
	}
}

/**
 * A thread that opens a fifo cannot be called back: it gets what it waits for, as does whoever else opens this fifo just now. One that
 * reads has to wait for its writer, and is left.
 */
function abandon(stream: ReadStream, path: string | Buffer): void {
	stream.on("error", () => undefined).destroy();
	if (stream.closed || !stream.pending) return;
	const wake = () => {
		try {
			// At once, and not on a thread of the pool: all of them may be waiting.
			if (statSync(path).isFIFO()) closeSync(openSync(path, constants.O_WRONLY | constants.O_NONBLOCK));
		} catch {
			// Not there yet, or not any more.
		}
	};
	const timer = setInterval(wake, POLL_MS).unref();
	stream.once("close", () => clearInterval(timer));
	wake();
}

/** Opens a fifo once somebody reads from it. Throws also the signal's reason. */
export async function openFifo(path: Buffer, signal: AbortSignal | undefined): Promise<FileHandle> {
	for (;;)
		try {
			return await open(path, constants.O_WRONLY | constants.O_NONBLOCK);
		} catch (error) {
			if ((error as NodeJS.ErrnoException).code !== "ENXIO") throw error;
			await pause(POLL_MS);
			signal?.throwIfAborted();
		}
}
