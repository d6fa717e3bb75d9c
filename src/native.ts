/** The one door to the addon: loaded on first use, typed here and nowhere else. */
import { existsSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { getSystemErrorMap } from "node:util";
import nodeGypBuild from "node-gyp-build";
import { ComposefsError, type ComposefsErrorCode } from "./errors.ts";
import type { NativeFile } from "./file-path.ts";

/** What the addon exports. Every argument has been checked: the addon checks only what could hurt memory. */
export interface Native {
	/** Version of the record layout that the addon reads. */
	readonly recordsVersion: number;
	/** Begins an image. Nodes are made as records come; nothing is opened before `finish`. */
	openWriter(options: NativeWriteOptions): NativeWriter;
	/** The fs-verity digest, 32 or 64 bytes, of bytes or of a file from its beginning. */
	computeDigest(source: { bytes: Uint8Array } | NativeFile, algorithm: number): NativeJob<Uint8Array>;
	/** What the kernel measures of a file; undefined if it is not sealed. */
	measureVerity(file: NativeFile): NativeJob<NativeMeasured | undefined>;
	/** Seals a file, unless it is sealed already. */
	enableVerity(file: NativeFile): NativeJob<void>;
	openStore(options: NativeStoreOptions): NativeJob<NativeStore>;
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

export interface NativeMeasured {
	/** The kernel's number (FS_VERITY_HASH_ALG_*). */
	readonly algorithm: number;
	readonly bytes: Uint8Array;
}

/** Numbers stand for the names in src/store/options.ts. */
export interface NativeStoreOptions {
	readonly path: Uint8Array;
	readonly create: boolean;
	readonly cache: boolean;
	readonly sync: number;
	readonly verity: number;
	readonly trust: number;
	readonly mode: number;
	readonly folderMode: number;
	/** -1: the process's */
	readonly uid: number;
	readonly gid: number;
}

/** An open store. All of it works on other threads; nothing may be called after `close`. */
export interface NativeStore {
	/** What went wrong with one item is its result. */
	put(items: readonly NativeContent[]): NativeJob<(NativeStored | NativeFailure)[]>;
	/** An object that comes in pieces: one call at a time, at last `finish` or `discard`. */
	stream(): NativeStream;
	flush(): NativeJob<void>;
	/** Digests of 32 bytes each. With `trust` the objects are read, or measured. */
	inspect(digests: Uint8Array, trust?: number): NativeJob<(NativeSeen | NativeFailure | null)[]>;
	/** False if there are other writers. */
	lockAlone(): NativeJob<boolean>;
	unlock(): NativeJob<void>;
	close(): NativeJob<void>;
}

export type NativeContent = { readonly bytes: Uint8Array } | NativeFile;

export interface NativeStored {
	readonly digest: string;
	readonly path: string;
	readonly size: number;
	readonly existed: boolean;
}

export interface NativeStream {
	/** Bytes, or the lengths of holes. */
	write(pieces: readonly (Uint8Array | number)[]): NativeJob<void>;
	finish(): NativeJob<NativeStored>;
	discard(): NativeJob<void>;
}

export interface NativeSeen {
	readonly sound: boolean;
	/** Bytes; `stored` is what they take on disk. */
	readonly size: number;
	readonly stored: number;
	readonly mtimeMs: number;
}

/** Work on a worker thread. Rejected with a NativeFailure; `cancel` may be called at any time. */
export interface NativeJob<T> {
	readonly promise: Promise<T>;
	cancel(): void;
}

export interface NativeFailure {
	readonly errno?: number;
	readonly syscall?: string;
	readonly rule?: string;
	/** The file, where it is not the one that the call is about. */
	readonly file?: string;
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

/** Rules of files, and what an error says of one that breaks them. */
const FILE_RULES: Readonly<Record<string, readonly [ComposefsErrorCode, string]>> = {
	changed: ["ERR_COMPOSEFS_CHANGED", "the file is not, or does not stay, the one that was found"],
	"object-type": [
		"ERR_COMPOSEFS_STORE",
		"this is in an object's place, and is no regular file in a folder of its own",
	],
	"object-owner": ["ERR_COMPOSEFS_STORE", "this object belongs to somebody whom the store does not trust"],
	"verity-digest": [
		"ERR_COMPOSEFS_VERITY",
		"the kernel measures another fs-verity digest than that of its bytes",
	],
	"verity-unsupported": [
		"ERR_COMPOSEFS_VERITY",
		"the file system has no fs-verity: it needs ext4 or f2fs with the feature verity (tune2fs -O verity), or btrfs",
	],
};

export function toError(failure: NativeFailure, file: string | undefined): ComposefsError {
	const { errno, syscall, rule = "unknown", record } = failure;
	const path = failure.file ?? file;
	if (errno !== undefined) return systemError(-errno, syscall as string, path);
	const [code, words] = FILE_RULES[rule] ?? [];
	if (code !== undefined) {
		const message = path === undefined ? `${words}` : `${path}: ${words}`;
		return new ComposefsError(code, message, { rule, ...(path !== undefined && { path }) });
	}
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
