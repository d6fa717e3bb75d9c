/**
 * composefs-dump(5) text ↔ tree.
 *
 * @module composefs/dump
 */
/// <reference types="node" preserve="true" />

export { formatDump, formatDumpChunks } from "./format.ts";
export { parseDump } from "./parse.ts";
export type { DumpSource } from "./source.ts";
