/** What a reader of archives gives out. */
import type { ContentChunk } from "../content.ts";
import type { DeviceNumber } from "../inode.ts";

export type TarEntryType =
	| "file"
	| "directory"
	| "symlink"
	| "hardlink"
	| "character-device"
	| "block-device"
	| "fifo";

/** What headers say of a file, apart from how they say it. */
export interface TarMetadata {
	/** As in the archive, with whatever `./`, `/` or `..` it has; bytes as `bytesToName` maps them. */
	readonly name: string;
	readonly type: TarEntryType;
	/** Permission bits, 0 to 0o7777 */
	readonly mode: number;
	/** 0 to 2^32 - 1 */
	readonly uid: number;
	/** 0 to 2^32 - 1 */
	readonly gid: number;
	/** Nanoseconds since 1970, before it negative. */
	readonly mtimeNs: bigint;
	/** Target of a symlink, or name of the entry that a hard link is another name of; else empty. */
	readonly linkName: string;
	/** 0:0 for what is no device. */
	readonly rdev: DeviceNumber;
	/** By full name; undefined where there are none. */
	readonly xattrs: Map<string, Uint8Array> | undefined;
}

/** One file of an archive. */
export interface TarEntry extends TarMetadata {
	/** Bytes of the content, the holes of a sparse file included; 0 for what is no file. */
	readonly size: number;
	/** Where the entry's own header begins in the archive, in bytes. */
	readonly offset: number;
	/** Whether the archive holds only parts of the content, behind a map of them. */
	readonly isSparse: boolean;
	/**
	 * The content, `size` bytes in all. To be asked for once, and read before the next entry is asked for; what is
	 * not read is skipped. The bytes are views of what the source gave.
	 *
	 * @throws ComposefsError `ERR_COMPOSEFS_ARGUMENT`, rule `content`, if asked for again or too late.
	 */
	content(): AsyncIterable<ContentChunk>;
}

/** How much of an archive is read: what one from outside must not exceed. */
export interface TarLimits {
	/** Bytes of one pax header. Default: 2^20, as in Go */
	readonly paxSize: number;
	/** Bytes of the global records in force: every entry is read with all of them. Default: 2^13 */
	readonly globalSize: number;
	/** Bytes of a name or target in a GNU header of its own. Default: 2^16 */
	readonly nameSize: number;
	/** Segments of data in one sparse file. Default: 2^20 */
	readonly sparseSegments: number;
	/** Entries of the archive. Default: 10,000,000 */
	readonly entries: number;
}

export const TAR_LIMITS: TarLimits = {
	paxSize: 2 ** 20,
	globalSize: 2 ** 13,
	nameSize: 2 ** 16,
	sparseSegments: 2 ** 20,
	entries: 10_000_000,
};
