/** The one door to the addon: loaded on first use, typed here and nowhere else. */
import { existsSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { getSystemErrorMap } from "node:util";
import nodeGypBuild from "node-gyp-build";
import { ComposefsError } from "./errors.ts";

/** What the addon exports. Every argument has been checked: the addon checks only what could hurt memory. */
export interface Native {
	/** Version of the record layout that the addon reads. */
	readonly recordsVersion: number;
	/** Begins an image. Nodes are made as records come; nothing is opened before `finish`. */
	openWriter(options: NativeWriteOptions): NativeWriter;
	/** The fs-verity digest, 32 bytes, of bytes, a file by path, or an open file from its beginning. */
	computeDigest(source: { bytes: Uint8Array } | { path: Uint8Array } | number): NativeJob<Uint8Array>;
	/** A decoder of zstd frames that gives pieces of `pieceSize` bytes; no window may be above 2^`windowLog` bytes. */
	openZstdDecoder(pieceSize: number, windowLog: number): NativeZstdDecoder;
}

export interface NativeZstdDecoder {
	/** Takes a copy of the next bytes, also while others are decoded. */
	feed(chunk: Uint8Array): void;
	/**
	 * Decodes what there is, a few pieces at a time; they are full, but for the last one. One call at a time.
	 *
	 * @param end   there is no more to feed
	 */
	decode(end: boolean): NativeJob<NativeZstdPieces>;
}

export interface NativeZstdPieces {
	readonly pieces: readonly Uint8Array[];
	/** Bytes that were fed and are not in work yet. */
	readonly waiting: number;
	/** All is decoded. */
	readonly ended: boolean;
	/** What libzstd says is wrong behind these pieces, or `truncated`. */
	readonly problem?: string;
}

export interface NativeWriter {
	/** Takes a copy of the next chunk of records: memory of the addon's own costs the garbage collector nothing. */
	add(chunk: Uint8Array): void;
	/** Writes the image. Rejected with a NativeFailure. */
	finish(): Promise<NativeImage>;
	/** May be called at any time; frees what there is. */
	cancel(): void;
}

export interface NativeWriteOptions {
	readonly minVersion: number;
	readonly maxVersion: number;
	/** A descriptor, the bytes of a path, null for nowhere, undefined for memory. */
	readonly to: number | Uint8Array | null | undefined;
}

export interface NativeImage {
	readonly image?: Uint8Array;
	readonly digest: Uint8Array;
	readonly size: number;
	readonly version: number;
}

/** Work on a worker thread. Rejected with a NativeFailure; `cancel` may be called at any time. */
export interface NativeJob<T> {
	readonly promise: Promise<T>;
	cancel(): void;
}

interface NativeFailure {
	readonly errno?: number;
	readonly syscall?: string;
	readonly rule?: string;
	readonly record?: number;
	readonly cancelled?: true;
}

let loaded: Native | undefined;

/** @throws ComposefsError `ERR_COMPOSEFS_UNSUPPORTED` where there is no addon for this platform. */
export function native(): Native {
	loaded ??= load();
	return loaded;
}

function load(): Native {
	const packageRoot = fileURLToPath(new URL("..", import.meta.url));
	try {
		return nodeGypBuild(packageRoot) as Native;
	} catch (cause) {
		const source = existsSync(path.join(packageRoot, "binding.gyp"));
		const remedy = source ? "; build it with: node scripts/setup.mjs" : "";
		const message = `composefs has no addon for ${process.platform}-${process.arch}${remedy}`;
		throw new ComposefsError("ERR_COMPOSEFS_UNSUPPORTED", message, { cause });
	}
}

// A job in flight would keep the process from ending until it is done.
const inFlight = new Set<NativeJob<unknown>>();

function cancelAll(): void {
	for (const job of inFlight) job.cancel();
}

/**
 * Awaits a job, and cancels it when the signal aborts.
 *
 * @param file   the path to name in an error of a system call
 */
export async function awaitJob<T>(
	start: (addon: Native) => NativeJob<T>,
	{ signal, file }: { signal?: AbortSignal | undefined; file?: string | undefined } = {},
): Promise<T> {
	signal?.throwIfAborted();
	const job = start(native());
	if (inFlight.size === 0) process.on("exit", cancelAll);
	inFlight.add(job);
	signal?.addEventListener("abort", job.cancel, { once: true });
	try {
		return await job.promise;
	} catch (failure) {
		const { cancelled } = failure as NativeFailure;
		if (cancelled) signal?.throwIfAborted();
		throw toError(failure as NativeFailure, file);
	} finally {
		signal?.removeEventListener("abort", job.cancel);
		inFlight.delete(job);
		if (inFlight.size === 0) process.off("exit", cancelAll);
	}
}

function toError(failure: NativeFailure, file: string | undefined): ComposefsError {
	const { errno, syscall, rule = "unknown", record } = failure;
	if (errno !== undefined) return systemError(-errno, syscall as string, file);
	const text = `record ${record} of the tree breaks the rule ${rule}: was the tree changed meanwhile?`;
	return new ComposefsError("ERR_COMPOSEFS_RECORDS", text, { rule });
}

/** An error as node:fs words it. `errno` is negative. */
export function systemError(errno: number, syscall: string, path?: string): ComposefsError {
	const [code, text] = getSystemErrorMap().get(errno) ?? [`E${-errno}`, "unknown error"];
	const where = path === undefined ? "" : ` '${path}'`;
	return new ComposefsError(code, `${code}: ${text}, ${syscall}${where}`, {
		errno,
		syscall,
		...(path !== undefined && { path }),
	});
}
