/** Blobs on their way into a folder: what came before an interruption is not asked for again. */
import { type FileHandle, mkdir, open, readdir, rename, rm, stat, utimes } from "node:fs/promises";
import path from "node:path";
import { threadId } from "node:worker_threads";
import { abortable } from "../../abortable.ts";
import { type BlobSource, fileBlob } from "../../blob.ts";
import { ComposefsError } from "../../errors.ts";
import { syncPlace } from "../../replacement.ts";
import { systemCall } from "../../system-call.ts";
import { Digester, parseDigest } from "../digest.ts";
import type { Descriptor } from "../image.ts";
import { expectDigest } from "../verified.ts";

/**
 * `HEX.part` is nobody's, `HEX.SPACE-PID-NUMBER.part` that of a process that is at work on it, or is dead. The space is that of
 * its process numbers (pid_namespaces(7)): containers that share a folder do not see each other's processes.
 */
const PART = /^([0-9a-f]+)\.(?:([0-9]+)-([0-9]+)-[0-9]+\.)?part$/;
/** Who is at work writes more often: what comes from a registry without a word for that long is given up. */
const IDLE_MS = 600_000;
/** All threads of a process have its number. */
let count = threadId * 2 ** 20;

/**
 * Downloads a blob to `folder/HEX`. The file has that name once it is complete, checked and synced. An interrupted one
 * stays beside it, and the next attempt, by whichever process of this machine, asks for the rest alone.
 *
 * @param folder is made if it is not there
 * @throws ComposefsError ERR_COMPOSEFS_DIGEST, ERR_COMPOSEFS_BLOB; then nothing of it is kept; the error of a system call
 */
export async function downloadBlob(
	folder: string,
	{ digest, size }: Descriptor,
	blob: BlobSource,
	signal?: AbortSignal,
): Promise<void> {
	const { hex } = parseDigest(digest);
	await systemCall(mkdir(folder, { recursive: true }), folder);
	const partial = await systemCall(claim(folder, hex), folder);
	try {
		await complete(partial, { digest, size }, blob, signal);
		await systemCall(rename(partial, path.join(folder, hex)), path.join(folder, hex));
		await systemCall(syncPlace(folder), folder);
	} catch (error) {
		const isWrong = error instanceof ComposefsError && /_(?:DIGEST|BLOB)$/.test(error.code);
		if (isWrong) await rm(partial, { force: true });
		else await rename(partial, path.join(folder, `${hex}.part`)).catch(() => undefined);
		throw error;
	}
}

/** A partial file of this attempt alone: one that was left, or a new one. */
async function claim(folder: string, hex: string): Promise<string> {
	const space = await processSpace();
	const own = path.join(folder, `${hex}.${space}-${process.pid}-${count++}.part`);
	for (const name of await readdir(folder)) {
		const [, of, other, pid] = PART.exec(name) ?? [];
		const file = path.join(folder, name);
		if (of !== hex) continue;
		if (other === space && (await isAtWork(Number(pid), file))) continue;
		if (other !== undefined && other !== space && (await isFresh(file))) continue;
		try {
			await rename(file, own);
			const now = new Date();
			await utimes(own, now, now); // so that it is of this process's time
			return own;
		} catch (error) {
			// Somebody else was faster.
			if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
		}
	}
	await (await open(own, "wx")).close();
	return own;
}

/** A number that is this process's and those whose numbers mean the same to it. */
async function processSpace(): Promise<string> {
	const status = await stat("/proc/self/ns/pid").catch(() => undefined);
	return `${status?.ino ?? 0}`;
}

/** Whether something was written to a file lately, or it is gone. */
async function isFresh(file: string): Promise<boolean> {
	const status = await stat(file).catch(() => undefined);
	return status === undefined || Date.now() - status.mtimeMs < IDLE_MS;
}

/** In a container, every process may have the number of one that was there before; files of that are older than it. */
async function isAtWork(pid: number, file: string): Promise<boolean> {
	if (pid !== process.pid) return isAlive(pid);
	const begun = Date.now() - process.uptime() * 1000;
	const { mtimeMs } = await stat(file).catch(() => ({ mtimeMs: Number.POSITIVE_INFINITY }));
	return mtimeMs >= begun;
}

function isAlive(pid: number): boolean {
	try {
		process.kill(pid, 0);
		return true;
	} catch (error) {
		return (error as NodeJS.ErrnoException).code !== "ESRCH";
	}
}

async function complete(
	partial: string,
	{ digest, size }: Pick<Descriptor, "digest" | "size">,
	blob: BlobSource,
	signal: AbortSignal | undefined,
): Promise<void> {
	const digester = new Digester(parseDigest(digest).algorithm);
	let length = 0;
	for await (const bytes of fileBlob(partial).read({ signal })) {
		digester.update(bytes);
		length += bytes.length;
	}
	const file = await systemCall(open(partial, "r+"), partial);
	try {
		const write = (bytes: Uint8Array, at: number) => systemCall(writeAt(file, bytes, at), partial);
		if (length < size) length = await append(write, length, { size, digester }, blob, signal);
		if (length !== size) {
			const text = `${blob.name}: ${length} bytes instead of ${size}`;
			throw new ComposefsError("ERR_COMPOSEFS_BLOB", text, {
				rule: "blob-size",
				limit: size,
				actual: length,
			});
		}
		expectDigest(blob.name, digest, digester.finish());
		await systemCall(file.sync(), partial);
	} finally {
		await file.close();
	}
}

/** At a given place: whatever the file is, these bytes are behind those that were hashed. */
async function writeAt(file: FileHandle, bytes: Uint8Array, at: number): Promise<void> {
	for (let done = 0; done < bytes.length; ) {
		const { bytesWritten } = await file.write(bytes, done, bytes.length - done, at + done);
		done += bytesWritten;
	}
}

async function append(
	write: (bytes: Uint8Array, at: number) => Promise<void>,
	start: number,
	{ size, digester }: { size: number; digester: Digester },
	blob: BlobSource,
	signal: AbortSignal | undefined,
): Promise<number> {
	let length = start;
	const range = start === 0 ? undefined : { start, end: size };
	for await (const bytes of abortable(blob.read({ range, signal }), signal)) {
		digester.update(bytes);
		await write(bytes, length);
		length += bytes.length;
		if (length > size) break;
	}
	signal?.throwIfAborted();
	return length;
}
