/** How a store is opened, and what is made of the options. */
import { argumentError } from "../errors.ts";
import { type FilePath, pathToBytes } from "../file-path.ts";
import { type OptionNames, refuseUnknown } from "../known-options.ts";
import type { NativeStoreOptions } from "../native.ts";
import { MOST_JOBS } from "../parallel.ts";

export interface StoreOptions {
	/**
	 * When an object is durable and has its name in the store:
	 * `put` (the default): when its `put` is done; what is put at once is synced together;
	 * `flush`: after the next `flush`, which syncs all objects at once: for many small files;
	 * `never`: it has its name when its `put` is done, and is durable whenever the system pleases. A crash of the machine
	 * may leave objects that are not whole.
	 * An object is always synced before it gets its name, unless it is `never`.
	 */
	readonly sync?: "put" | "flush" | "never" | undefined;
	/** fs-verity of the kernel for objects: `try` (the default) where the file system has it. */
	readonly verity?: "require" | "try" | "off" | undefined;
	/**
	 * What must fit for an object that is there already to be taken for what is put: its size (the default), the
	 * digest that the kernel measures (or, without fs-verity, its content), or its content. One that does not fit is
	 * replaced.
	 */
	readonly trust?: Trust | undefined;
	/** Permission bits of objects. Default: 0o644 */
	readonly mode?: number | undefined;
	/** Permission bits of the store's folders. Default: 0o755 */
	readonly folderMode?: number | undefined;
	/**
	 * Who is to own objects and folders; objects of others are refused. Default: this process; then objects of the
	 * store's owner and of root are taken too.
	 */
	readonly owner?: { readonly uid: number; readonly gid: number } | undefined;
	/** Makes the folder if it is missing. Default: true */
	readonly create?: boolean | undefined;
	/**
	 * Remembers, in the store, the digests of files that were put with their `identity`: a file that is put again, and is
	 * the same by that, is not read. Not of files that changed in the last two seconds, nor of such as are not on ext4, XFS,
	 * Btrfs, F2FS or tmpfs, or in a loop device. Default: true
	 */
	readonly cache?: boolean | undefined;
	/** Jobs at a time, at least 1. Default: as many as the machine has processors, at most 4 (libuv's pool has 4 threads). */
	readonly parallel?: number | undefined;
	/** Told of each object that was put. */
	readonly onProgress?: ((progress: StoreProgress) => void) | undefined;
}

export interface VerifyObjectOptions {
	/** What is compared with the object's name. Default: content */
	readonly trust?: Exclude<Trust, "size"> | undefined;
	readonly signal?: AbortSignal | undefined;
}

export type Trust = "size" | "verity" | "content";

/** All that was put since the store was opened. */
export interface StoreProgress {
	readonly objects: number;
	/** Of their content */
	readonly bytes: number;
	/** Of them, those that the store had. */
	readonly existed: number;
}

// Numbers that native/object_store.h has too.
const SYNC = { put: 0, flush: 1, never: 2 } as const;
const VERITY = { off: 0, try: 1, require: 2 } as const;
export const TRUST: Readonly<Record<Trust, number>> = { size: 0, verity: 1, content: 2 };
/** Without the one that looks at no byte. */
export const TRUST_OF_BYTES = { verity: TRUST.verity, content: TRUST.content };

const NAMES: OptionNames<StoreOptions> = {
	sync: true,
	verity: true,
	trust: true,
	mode: true,
	folderMode: true,
	owner: true,
	create: true,
	cache: true,
	parallel: true,
	onProgress: true,
};

export function toNativeOptions(path: FilePath, options: StoreOptions): NativeStoreOptions {
	refuseUnknown(options, NAMES);
	const { mode = 0o644, folderMode = 0o755, owner, create = true, cache = true } = options;
	return {
		path: pathToBytes(path),
		create,
		cache,
		sync: choice("sync", SYNC, options.sync ?? "put"),
		verity: choice("verity", VERITY, options.verity ?? "try"),
		trust: choice("trust", TRUST, options.trust ?? "size"),
		mode: wholeNumber("mode", mode, 0o7777),
		folderMode: wholeNumber("folderMode", folderMode, 0o7777),
		uid: owner === undefined ? -1 : wholeNumber("owner.uid", owner.uid, 2 ** 32 - 2),
		gid: owner === undefined ? -1 : wholeNumber("owner.gid", owner.gid, 2 ** 32 - 2),
	};
}

const MAX_PARALLEL = 1024;

export function parallelOf({ parallel = MOST_JOBS }: StoreOptions): number {
	return wholeNumber("parallel", parallel, MAX_PARALLEL, 1);
}

export function choice<Key extends string>(
	name: string,
	choices: Readonly<Record<Key, number>>,
	value: Key,
): number {
	if (Object.hasOwn(choices, value)) return choices[value];
	throw argumentError(`${name} is ${value}, not ${Object.keys(choices).join(", ")}`);
}

export function wholeNumber(name: string, value: number, limit: number, least = 0): number {
	if (Number.isInteger(value) && value >= least && value <= limit) return value;
	throw argumentError(`${name} is ${value}, not a number from ${least} to ${limit}`);
}
