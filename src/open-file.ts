/** Opening files of this machine, whatever they are: a fifo would keep a thread of the pool until its other end is opened. */
import { constants } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { setTimeout as pause } from "node:timers/promises";
import { type FilePath, pathToBytes, pathToString } from "./file-path.ts";
import { systemCall } from "./system-call.ts";

/** Reads what is there: a fifo that nobody writes to is at its end. */
export const READ_FLAGS: number = constants.O_RDONLY | constants.O_NONBLOCK;

const POLL_MS = 50;

/**
 * @param name   what an error calls it
 * @throws ComposefsError: the error of the system call
 */
export function openToRead(path: FilePath, name: string = pathToString(path)): Promise<FileHandle> {
	return systemCall(open(Buffer.from(pathToBytes(path)), READ_FLAGS), name);
}

/** Opens a device or a fifo, this once somebody reads from it. Throws also the signal's reason. */
export async function openToWrite(path: Buffer, signal: AbortSignal | undefined): Promise<FileHandle> {
	for (;;)
		try {
			return await open(path, constants.O_WRONLY | constants.O_NONBLOCK);
		} catch (error) {
			if ((error as NodeJS.ErrnoException).code !== "ENXIO") throw error;
			await pause(POLL_MS);
			signal?.throwIfAborted();
		}
}
