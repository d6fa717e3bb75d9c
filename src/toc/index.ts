/**
 * Tables of contents of zstd:chunked and eStargz layers, and the JSON of composefs-from-json.
 *
 * @module composefs/toc
 */
/// <reference types="node" preserve="true" />

export {
	type BlobReadOptions,
	type BlobSource,
	type ByteRange,
	bytesBlob,
	fileBlob,
	type RangePiece,
} from "../blob.ts";
export type { TocChunk, TocFile } from "./chunks.ts";
export type { TocRule } from "./fault.ts";
export type { TocText } from "./feed.ts";
export type { KnownObject } from "./layer-entries.ts";
export { TOC_LIMITS, type TocLimits } from "./limits.ts";
export { type LocateTocOptions, locateToc } from "./locate.ts";
export type { EstargzLocation, TocLocation, TocSpan, ZstdChunkedLocation } from "./location.ts";
export { type ParseTocOptions, parseTocJson } from "./parse.ts";
export { type LayerToc, type ReadTocOptions, readToc } from "./read.ts";
export { type ChunkedLayer, type WriteChunkedLayerOptions, writeChunkedLayer } from "./write.ts";
