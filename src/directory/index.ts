/**
 * Directories of this machine become trees.
 *
 * @module composefs/directory
 */

export type { ContentStore, StoredContent } from "./contents.ts";
export { fromDirectory } from "./from-directory.ts";
export type {
	DirectoryEntry,
	DirectoryProgress,
	FromDirectoryOptions,
	Owner,
	SkippedEntry,
} from "./options.ts";
