import { argumentError } from "./errors.ts";
import { refuseUnknown } from "./known-options.ts";

/** What an image can hold, and who says so. Lengths are in bytes. */
export const LIMITS = {
	/** Of a name: NAME_MAX of Linux. */
	nameLength: 255,
	/** Of directories in one another: libcomposefs recurses, and PATH_MAX lets no path go deeper. */
	depth: 2048,
	/** Of a symlink's target and of an object path: PATH_MAX less the terminator. */
	pathLength: 4095,
	/** Of a file in the image itself: LCFS_INLINE_CONTENT_MAX. */
	contentSize: 5000,
	/** Of a file in the store: 1,024 chunks of 2^43 bytes, as libcomposefs writes them. */
	fileSize: 2 ** 53,
	/** Of uid and gid. */
	id: 2 ** 32 - 1,
	/** Of permission bits. */
	mode: 0o7777,
	major: 4095,
	minor: 2 ** 20 - 1,
	/** Seconds of a time, both ways: a 64-bit number in the image. */
	mtimeSeconds: 2n ** 63n - 1n,
	/** Of an attribute's name: XATTR_NAME_MAX. */
	xattrName: 255,
	/** Of an attribute's value: 16 bits in the image. */
	xattrValue: 65535,
	/** Of all attributes of an inode: 12, and for each 7 with its name and value (LCFS_INODE_EXTERNAL_XATTR_MAX). */
	xattrTotal: 32767,
} as const;

/** How much of an image is read, unless a call asks for more: what a reader from outside must not exceed. */
export const READ_LIMITS = {
	/** Bytes of an image. */
	imageSize: 2 ** 31 - 1,
	/** Inodes, and further names of them. Each takes some 300 bytes of memory. */
	inodes: 5_000_000,
	/** Xattrs of all inodes together. Each takes some 50 bytes, and its value if it is not shared. */
	xattrs: 10_000_000,
	/** Bytes of their names and values; of shared ones for each inode, as the tree's image, or its dump, is made of them. */
	xattrBytes: 2 ** 30,
	/** Of directories in one another; more than LIMITS.depth cannot be asked for. */
	depth: LIMITS.depth,
} as const;

/**
 * The limits of a call, those filled in that it leaves out.
 *
 * @throws ComposefsError `ERR_COMPOSEFS_ARGUMENT` for one that is not a number from 0 on (`Infinity` is one), or that there is not
 */
export function fillLimits<Limits extends object>(
	defaults: Limits,
	asked: { readonly [Name in keyof Limits]?: number | undefined } | undefined,
): { readonly [Name in keyof Limits]: number } {
	const limits: { [Name in keyof Limits]: unknown } = { ...defaults };
	refuseUnknown(asked ?? {}, defaults, "limit");
	for (const name of Object.keys(defaults) as (keyof Limits & string)[]) {
		const value: unknown = asked?.[name];
		if (value === undefined) continue;
		// What is no number would be no limit: nothing is more than it.
		if (typeof value !== "number" || !(value >= 0))
			throw argumentError(`limits.${name} is ${String(value)}, not a number from 0 on`);
		limits[name] = value;
	}
	return limits as { readonly [Name in keyof Limits]: number };
}
