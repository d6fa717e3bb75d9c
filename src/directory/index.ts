/**
 * Directories of this machine become trees.
 *
 * @module composefs/directory
 */
/// <reference types="node" preserve="true" />

export type { StoredContent } from "../content.ts";
export type { FileStore } from "./contents.ts";
export { fromDirectory } from "./from-directory.ts";
export type {
	DirectoryEntry,
	DirectoryProgress,
	FromDirectoryOptions,
	Owner,
	SkippedEntry,
} from "./options.ts";
