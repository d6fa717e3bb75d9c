/** The inodes of a tree: plain objects, told apart by `type`. What cannot exist cannot be written down. */
import { types } from "node:util";
import { argumentError, ComposefsError } from "./errors.ts";
import { type Name, toName } from "./names.ts";
import { objectPath } from "./object-path.ts";
import { NANOSECONDS } from "./time.ts";

export type Inode = Directory | RegularFile | Symlink | Device | Fifo | Socket;

/** What every inode has. Names and units are those of node:fs. */
export interface Metadata {
	/** Permission bits, 0 to 0o7777; the type is in `type`. */
	mode: number;
	/** 0 to 2^32 - 1 */
	uid: number;
	/** 0 to 2^32 - 1 */
	gid: number;
	/** Nanoseconds since 1970, before it negative. */
	mtimeNs: bigint;
	/** Extended attributes by full name (`user.…`, `security.capability`); their order means nothing. */
	xattrs?: Map<string, Uint8Array> | undefined;
}

export interface Directory extends Metadata {
	readonly type: "directory";
	/** By name. Their order means nothing: an image has them in the order of their bytes. */
	readonly children: Map<string, Inode>;
}

/**
 * A regular file. **A hard link is one inode met under two names**: there is no node for it, and no link
 * count, which follows from the tree.
 */
export type RegularFile = InlineFile | ExternalFile;

/** A file whose bytes are in the image itself: at most 5,000; 64 or fewer is usual. */
export interface InlineFile extends Metadata {
	readonly type: "file";
	content: Uint8Array;
	size?: undefined;
	digest?: undefined;
	path?: undefined;
}

/** A file whose bytes are in an object store. */
export interface ExternalFile extends Metadata {
	readonly type: "file";
	content?: undefined;
	/** Bytes, 0 to 2^53 */
	size: number;
	/** fs-verity digest of the content: 64 lower-case hexadecimal digits. Without it the file is not verified. */
	digest?: string | undefined;
	/** Path of the object in the store, such as `ab/cdef…`. */
	path?: string | undefined;
}

export interface Symlink extends Metadata {
	readonly type: "symlink";
	/** 1 to 4,095 bytes */
	target: string;
}

export interface Device extends Metadata {
	readonly type: "character-device" | "block-device";
	rdev: DeviceNumber;
}

/** `major` 0 to 4,095, `minor` 0 to 1,048,575 */
export interface DeviceNumber {
	readonly major: number;
	readonly minor: number;
}

export interface Fifo extends Metadata {
	readonly type: "fifo";
}

export interface Socket extends Metadata {
	readonly type: "socket";
}

/** Metadata as the constructors below take it: each part has a default. */
export interface MetadataOptions {
	/** Default: 0o755 for directories, 0o777 for symlinks, else 0o644. */
	mode?: number | undefined;
	/** Default: 0 */
	uid?: number | undefined;
	/** Default: 0 */
	gid?: number | undefined;
	/** Default: from `mtime` */
	mtimeNs?: bigint | undefined;
	/** A date, or seconds since 1970 as in `fs.utimes`. Default: 0 */
	mtime?: Date | number | undefined;
	xattrs?: Iterable<readonly [Name, Uint8Array]> | undefined;
}

/**
 * What a file holds: its bytes, or what is known of an object that holds them. The path is where overlayfs looks for the
 * object: by default, that of its digest in a store. Without both, the file cannot be read where the image is mounted.
 */
export type FileContent =
	| Uint8Array
	| { readonly size: number; readonly digest?: string | undefined; readonly path?: Name | undefined };

export const NO_BYTES: Uint8Array = new Uint8Array(0);

// Every field is written out below: V8 gives an object made by spreading another a hidden class of its own,
// and what then walks a hundred thousand of them takes ten times as long.

export function directory(options?: MetadataOptions): Directory {
	const { mode, uid, gid, mtimeNs, xattrs } = metadata(0o755, options);
	return { type: "directory", mode, uid, gid, mtimeNs, xattrs, children: new Map() };
}

/** @throws ComposefsError ERR_COMPOSEFS_ARGUMENT for text, which would need an encoding */
export function file(content: FileContent = NO_BYTES, options?: MetadataOptions): RegularFile {
	if (typeof content === "string")
		throw argumentError("a file's content is bytes, not text: Buffer.from(text)");
	if (content === null) throw argumentError("a file's content is bytes, or says what is known of an object");
	const { mode, uid, gid, mtimeNs, xattrs } = metadata(0o644, options);
	const none = undefined;
	if (content instanceof Uint8Array)
		return { type: "file", mode, uid, gid, mtimeNs, xattrs, content, size: none, digest: none, path: none };
	const { size, digest } = content;
	// What is no digest, the gate says when the tree is written.
	const named = typeof digest === "string" && digest !== "" ? objectPath(digest) : undefined;
	const path = content.path === undefined ? named : toName(content.path);
	return { type: "file", mode, uid, gid, mtimeNs, xattrs, content: none, size, digest, path };
}

export function symlink(target: Name, options?: MetadataOptions): Symlink {
	const { mode, uid, gid, mtimeNs, xattrs } = metadata(0o777, options);
	return { type: "symlink", mode, uid, gid, mtimeNs, xattrs, target: toName(target) };
}

export function device(type: Device["type"], rdev: DeviceNumber, options?: MetadataOptions): Device {
	const { mode, uid, gid, mtimeNs, xattrs } = metadata(0o644, options);
	return { type, mode, uid, gid, mtimeNs, xattrs, rdev };
}

/** A whiteout is a character device 0:0, nothing else: overlayfs hides what lies under its name. */
export function whiteout(options?: MetadataOptions): Device {
	return device("character-device", { major: 0, minor: 0 }, { mode: 0, ...options });
}

export function fifo(options?: MetadataOptions): Fifo {
	const { mode, uid, gid, mtimeNs, xattrs } = metadata(0o644, options);
	return { type: "fifo", mode, uid, gid, mtimeNs, xattrs };
}

export function socket(options?: MetadataOptions): Socket {
	const { mode, uid, gid, mtimeNs, xattrs } = metadata(0o644, options);
	return { type: "socket", mode, uid, gid, mtimeNs, xattrs };
}

export function isWhiteout(inode: Inode): inode is Device {
	return inode.type === "character-device" && inode.rdev.major === 0 && inode.rdev.minor === 0;
}

/** The xattr that makes a directory opaque for overlayfs, if its value is `y`. */
export const OPAQUE = "trusted.overlay.opaque";
const YES = "y".charCodeAt(0);

/** Whether overlayfs would hide what lies under a directory: by a `y`, nothing else. */
export function isOpaque({ xattrs }: Directory): boolean {
	const value = xattrs?.get(OPAQUE);
	return value?.length === 1 && value[0] === YES;
}

/** Bytes of a regular file's content, wherever they are. */
export function fileSize(inode: RegularFile): number {
	return inode.content === undefined ? inode.size : inode.content.length;
}

function metadata(defaultMode: number, options: MetadataOptions = {}): Metadata {
	const { mode = defaultMode, uid = 0, gid = 0, mtimeNs, mtime = 0, xattrs } = options;
	// Of an object Array.from makes an empty list.
	if (xattrs !== undefined && typeof xattrs[Symbol.iterator] !== "function")
		throw argumentError("xattrs are a Map, or pairs of name and value: Object.entries(xattrs)");
	return {
		mode,
		uid,
		gid,
		mtimeNs: mtimeNs ?? nanoseconds(mtime),
		xattrs: xattrs && new Map(Array.from(xattrs, ([name, value]) => [toName(name), value])),
	};
}

/** A time as the constructors take it, in nanoseconds since 1970. */
export function nanoseconds(time: Date | number): bigint {
	if (typeof time !== "number" && !types.isDate(time))
		throw argumentError(`mtime is neither a Date nor a number of seconds: ${String(time)}`);
	const value = Number(time);
	if (!Number.isFinite(value))
		throw new ComposefsError("ERR_COMPOSEFS_INODE", `mtime is not a time: ${value}`, { rule: "mtime" });
	if (typeof time !== "number") return BigInt(value) * 1_000_000n;
	const seconds = Math.floor(value);
	return BigInt(seconds) * NANOSECONDS + BigInt(Math.round((value - seconds) * 1e9));
}

/** Gives a directory the metadata of another; its children stay. */
export function copyMetadata({ mode, uid, gid, mtimeNs, xattrs }: Directory, to: Directory): void {
	to.mode = mode;
	to.uid = uid;
	to.gid = gid;
	to.mtimeNs = mtimeNs;
	to.xattrs = xattrs;
}
