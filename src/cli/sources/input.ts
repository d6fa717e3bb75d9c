/** Files that sources are read from, and what they look like. */
import { open, stat } from "node:fs/promises";
import { onAbort } from "../../abort.ts";
import { readStream } from "../../open-file.ts";

const READ_SIZE = 1 << 18;

/** The bytes of a file, opened when they are asked for; - is stdin. It is closed when the signal aborts. */
export async function* openInput(source: string, signal: AbortSignal): AsyncGenerator<Uint8Array> {
	if (source !== "-") return yield* readStream(source, { highWaterMark: READ_SIZE }, signal);
	const stream = process.stdin;
	const forget = onAbort(signal, () => stream.destroy());
	try {
		yield* stream;
	} catch (error) {
		// A stream has an error of its own for that.
		signal.throwIfAborted();
		throw error;
	} finally {
		forget();
	}
	signal.throwIfAborted();
}

/** The first bytes of a regular file; of anything else none: what is read from a pipe is gone. */
export async function headOf(source: string, size: number): Promise<Buffer> {
	const status = await stat(source).catch(() => undefined);
	const file = status?.isFile() ? await open(source).catch(() => undefined) : undefined;
	if (file === undefined) return Buffer.alloc(0);
	try {
		const { buffer, bytesRead } = await file.read(Buffer.alloc(size), 0, size, 0);
		return buffer.subarray(0, bytesRead);
	} finally {
		await file.close();
	}
}
