/** What can be wrong with an image, and the error that says so. */
import { ComposefsError } from "../errors.ts";

/** The rules that an image must keep, by the names that errors carry. */
export type ImageRule =
	/** The file is longer than `limits.imageSize`, or not as long as its superblock says. */
	| "image-size"
	/** It does not begin as composefs images do. */
	| "magic"
	/** A version, or a feature of EROFS, that composefs does not use. */
	| "version"
	| "feature"
	/** Something that reaches beyond the image's end. */
	| "bounds"
	/** Two things that share bytes which belong to one. */
	| "overlap"
	/** Inodes: a layout that does not go with the type, a size that does not go with the layout. */
	| "inode-format"
	| "inode-type"
	| "inode-size"
	| "inode-mtime"
	| "inode-count"
	| "link-count"
	/** Inline data that crosses the end of a block: the kernel refuses it. */
	| "inline-data"
	| "chunk"
	/** Xattrs: their place, their prefix, two of one name, a filter that hides one from the kernel. */
	| "xattr-size"
	| "xattr-shared"
	| "xattr-prefix"
	| "xattr-duplicate"
	| "xattr-filter"
	/** An attribute of overlayfs that composefs does not write. */
	| "xattr-overlay"
	| "metacopy"
	| "redirect"
	/** A whiteout where composefs writes none. */
	| "whiteout"
	/** Directories: their blocks, names, order, `.` and `..`. */
	| "directory-root"
	| "directory-linked"
	| "dirent-count"
	| "dirent-name"
	| "dirent-order"
	| "dirent-type"
	| "dirent-dot"
	/** The limits of the call. */
	| "inodes"
	| "xattrs"
	| "xattr-bytes"
	| "depth";

/** Throws the error of a broken rule. `offset` is where in the image, in bytes. */
export function fail(
	rule: ImageRule | (string & {}),
	offset: number,
	problem: string,
	details: { limit?: number; actual?: number } = {},
): never {
	const message = `offset ${offset}: ${problem} (rule ${rule})`;
	throw new ComposefsError("ERR_COMPOSEFS_IMAGE", message, { rule, offset, ...details });
}
