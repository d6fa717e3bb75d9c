/**
 * composefs-dump(5) text ↔ tree.
 *
 * @module composefs/dump
 */

export { formatDump, formatDumpChunks } from "./format.ts";
export { type DumpSource, parseDump } from "./parse.ts";
