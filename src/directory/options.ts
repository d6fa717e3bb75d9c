/** What `fromDirectory` can be told. */
import { availableParallelism } from "node:os";
import { argumentError, type ComposefsError } from "../errors.ts";
import { type DeviceNumber, type Inode, nanoseconds } from "../inode.ts";
import { type OptionNames, refuseUnknown } from "../known-options.ts";
import { READ_LIMITS } from "../limits.ts";
import type { FileStore } from "./contents.ts";

export interface FromDirectoryOptions {
	/** Takes the contents of files that are not inline. Without it only their digests are computed. */
	readonly store?: FileStore | undefined;
	/** Every name becomes an inode of its own, as with mkcomposefs. Default: hard links stay links */
	readonly breakHardLinks?: boolean | undefined;
	/** Every time is 1970-01-01. */
	readonly useEpoch?: boolean | undefined;
	/** Leave out character and block devices. */
	readonly skipDevices?: boolean | undefined;
	/** Leave out all extended attributes. Not together with `userXattrs`. */
	readonly skipXattrs?: boolean | undefined;
	/** Only the extended attributes whose names begin with `user.`. */
	readonly userXattrs?: boolean | undefined;
	/** Files of 1 to 64 bytes go into the store too. */
	readonly noInline?: boolean | undefined;
	/** False leaves a name out; a directory with all that is in it, which is then not read. */
	readonly filter?: ((entry: DirectoryEntry) => boolean) | undefined;
	/** The owner to record for an owner found. */
	readonly mapOwner?: ((uid: number, gid: number) => Owner) | undefined;
	/** Later times become this one (SOURCE_DATE_EPOCH): a date, seconds, or nanoseconds as a bigint. */
	readonly clampMtime?: Date | number | bigint | undefined;
	/**
	 * What another process changes, replaces or removes while it is read: `error` (the default) ends the call with
	 * `ERR_COMPOSEFS_CHANGED`, `skip` leaves it out and tells `onSkip`.
	 */
	readonly onChanged?: "error" | "skip" | undefined;
	readonly onSkip?: ((skipped: SkippedEntry) => void) | undefined;
	readonly onProgress?: ((progress: DirectoryProgress) => void) | undefined;
	/**
	 * How many directories or files are read at a time; how many files go into a store, its own `parallel` says.
	 * Default: one for each processor; libuv's pool has 4
	 */
	readonly threads?: number | undefined;
	/**
	 * The most names to take; a directory with more than are left is refused, whatever `filter` says.
	 * Default: 5,000,000
	 */
	readonly maxEntries?: number | undefined;
	readonly signal?: AbortSignal | undefined;
}

export interface Owner {
	readonly uid: number;
	readonly gid: number;
}

/** One name of a directory, as `filter` is asked about it. */
export interface DirectoryEntry {
	/** Within the tree: absolute, such as `/etc/passwd`. */
	readonly path: string;
	/** Undefined where not even lstat succeeded; the numbers are 0 then. */
	readonly type: Inode["type"] | undefined;
	readonly mode: number;
	readonly uid: number;
	readonly gid: number;
	readonly mtimeNs: bigint;
	/** Bytes, as lstat has it. */
	readonly size: bigint;
	readonly nlink: number;
	readonly rdev: DeviceNumber;
	/** The device of the file system, and the inode's number in it. */
	readonly dev: bigint;
	readonly ino: bigint;
}

export interface SkippedEntry {
	/** Within the tree. */
	readonly path: string;
	readonly error: ComposefsError;
}

export interface DirectoryProgress {
	/** Names found so far. */
	readonly entries: number;
	/** Files whose content was read, and their bytes. */
	readonly files: number;
	readonly bytes: number;
	/** All that are to be read; known when every directory has been, 0 before. */
	readonly totalFiles: number;
	readonly totalBytes: number;
}

/** The options, checked, with their defaults. */
export interface Settings extends FromDirectoryOptions {
	readonly clampMtimeNs: bigint | undefined;
	readonly threads: number;
	readonly maxEntries: number;
}

const NAMES: OptionNames<FromDirectoryOptions> = {
	store: true,
	breakHardLinks: true,
	useEpoch: true,
	skipDevices: true,
	skipXattrs: true,
	userXattrs: true,
	noInline: true,
	filter: true,
	mapOwner: true,
	clampMtime: true,
	onChanged: true,
	onSkip: true,
	onProgress: true,
	threads: true,
	maxEntries: true,
	signal: true,
};

const CALLED = ["filter", "mapOwner", "onSkip", "onProgress"] as const;

/** @throws ComposefsError `ERR_COMPOSEFS_ARGUMENT` */
export function checkOptions(options: FromDirectoryOptions): Settings {
	refuseUnknown(options, NAMES);
	const { clampMtime, threads = availableParallelism(), maxEntries = READ_LIMITS.inodes } = options;
	if (options.store !== undefined && typeof options.store?.put !== "function")
		throw argumentError("store is an ObjectStore, or something else that has its put");
	for (const name of CALLED)
		if (options[name] !== undefined && typeof options[name] !== "function")
			throw argumentError(`${name} is no function`);
	if (options.skipXattrs && options.userXattrs)
		throw argumentError("skipXattrs and userXattrs exclude each other");
	if (!Number.isInteger(threads) || threads < 1) throw argumentError(`threads is ${threads}, not at least 1`);
	if (!Number.isInteger(maxEntries) || maxEntries < 1 || maxEntries > 2 ** 32 - 1)
		throw argumentError(`maxEntries is ${maxEntries}, not from 1 to ${2 ** 32 - 1}`);
	if (options.onChanged !== undefined && options.onChanged !== "error" && options.onChanged !== "skip")
		throw argumentError(`onChanged is ${JSON.stringify(options.onChanged)}, not "error" or "skip"`);
	const isTime = clampMtime === undefined || typeof clampMtime === "bigint";
	return { ...options, threads, maxEntries, clampMtimeNs: isTime ? clampMtime : nanoseconds(clampMtime) };
}
