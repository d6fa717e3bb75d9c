/** What an image says of one inode, without the tree around it. */
import type { DeviceNumber, Inode } from "../inode.ts";
import type { DirectoryData } from "./directory.ts";

/** What an image says of one inode. Names and units are those of the tree's inodes. */
export interface ImageStat {
	readonly type: Inode["type"];
	/** Number of the inode in the image; the same for all its names. */
	readonly nid: number;
	/** Permission bits */
	readonly mode: number;
	readonly nlink: number;
	readonly uid: number;
	readonly gid: number;
	/** Of a file's content, wherever it is, of a symlink's target, or of a directory's entries; in bytes. */
	readonly size: number;
	readonly mtimeNs: bigint;
	readonly xattrs?: ReadonlyMap<string, Uint8Array>;
	/** Of a device. */
	readonly rdev?: DeviceNumber;
	/** fs-verity digest of a file's content in the store. */
	readonly digest?: string;
	/** Path of a file's content in the store. */
	readonly path?: string;
}

/** A place in the tree. */
export interface Node {
	readonly nid: number;
	readonly nlink: number;
	readonly size: number;
	readonly inode: Inode;
	readonly data: DirectoryData;
	/** Directories: marked as one with whiteouts. */
	readonly hasMarks: boolean;
	readonly offset: number;
}

export function statOf({ nid, nlink, size, inode }: Node): ImageStat {
	const { type, mode, uid, gid, mtimeNs, xattrs } = inode;
	const rest = type === "file" ? { digest: inode.digest, path: inode.path } : {};
	return {
		...{ type, nid, mode, nlink, uid, gid, size, mtimeNs },
		...(xattrs !== undefined && { xattrs }),
		...("rdev" in inode && { rdev: inode.rdev }),
		...(rest.digest !== undefined && { digest: rest.digest }),
		...(rest.path !== undefined && { path: rest.path }),
	};
}
