/** How much of a table of contents is read, unless a call asks for more. */
export const TOC_LIMITS = {
	/** Bytes of a compressed table, and of a compressed tar-split. */
	compressedSize: 2 ** 28,
	/** Bytes of a table, and of a tar-split, as text. */
	size: 2 ** 30,
	/** Bytes of one entry: several times what names, links and xattrs may take. Not to be changed by a call. */
	entrySize: 2 ** 19,
	/** Entries other than chunks. Each takes some 500 bytes of memory. */
	entries: 5_000_000,
	/** Chunks of all files. Each takes some 150 bytes. */
	chunks: 10_000_000,
	/** Bytes of all holes: they take no space in a blob, but time to check. */
	zeros: 2 ** 38,
} as const;

export type TocLimits = { readonly [Limit in Exclude<keyof typeof TOC_LIMITS, "entrySize">]: number };
