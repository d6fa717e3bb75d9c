/** Tables of contents of zstd:chunked and eStargz layers, and the JSON of composefs-from-json. */
export type { TocText } from "./document.ts";
export type { TocRule } from "./fault.ts";
export { TOC_LIMITS, type TocLimits } from "./limits.ts";
export { type ParseTocOptions, parseTocJson } from "./parse.ts";
