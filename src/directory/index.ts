export type { ContentStore } from "./contents.ts";
export { fromDirectory } from "./from-directory.ts";
export type {
	DirectoryEntry,
	DirectoryProgress,
	FromDirectoryOptions,
	Owner,
	SkippedEntry,
} from "./options.ts";
