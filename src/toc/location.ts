/** Where in a blob a table of contents is. */

/** Compressed text in a blob. */
export interface TocSpan {
	/** Of the compressed bytes, behind the header of the frame that they are in. */
	readonly offset: number;
	/** Bytes in the blob. */
	readonly compressedSize: number;
	/** Bytes of the text. */
	readonly size: number;
}

export type TocLocation = ZstdChunkedLocation | EstargzLocation;

export interface ZstdChunkedLocation {
	readonly format: "zstd:chunked";
	/** `sha256:` and 64 digits: of the compressed table. Undefined if the footer told of it, which names none. */
	readonly digest: string | undefined;
	readonly toc: TocSpan;
	/** The headers of the tar, as they are: without it, names that are not UTF-8 are lost. */
	readonly tarSplit: TocSpan | undefined;
}

export interface EstargzLocation {
	readonly format: "estargz";
	/** `sha256:` and 64 digits: of the uncompressed table. */
	readonly digest: string | undefined;
	/** The members of the gzip file that hold the table's tar entry: `start` up to `end`. */
	readonly start: number;
	readonly end: number;
}
