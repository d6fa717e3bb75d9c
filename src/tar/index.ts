/**
 * `composefs/tar`: archives, byte for byte.
 *
 * @module composefs/tar
 */
/// <reference types="node" preserve="true" />

export type { ContentChunk, Hole } from "../content.ts";
export { type DecompressOptions, decompress } from "../decompress.ts";
export { type CompressOptions, compress } from "../zstd-encode.ts";
export { TAR_LIMITS, type TarEntry, type TarEntryType, type TarLimits, type TarMetadata } from "./entry.ts";
export type { TarRule } from "./fault.ts";
export { type ReadTarOptions, readTar } from "./read.ts";
export { type WriteTarOptions, writeTar } from "./write.ts";
export type { ObjectReader, ReadableObject } from "./write-content.ts";
export type { TarMarks } from "./write-entries.ts";
