/** composefs-dump(5) text ↔ tree. */
export { formatDump, formatDumpChunks } from "./format.ts";
export { type DumpSource, parseDump } from "./parse.ts";
