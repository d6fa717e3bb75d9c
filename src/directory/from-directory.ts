/** `fromDirectory`: a directory of this machine becomes a tree. */
import type { ComposefsError } from "../errors.ts";
import { type FilePath, pathToBytes } from "../file-path.ts";
import { bytesToName } from "../names.ts";
import type { Tree } from "../tree.ts";
import { type Content, takeContents } from "./contents.ts";
import { checkOptions, type FromDirectoryOptions } from "./options.ts";
import { DirectoryReader } from "./reader.ts";

/**
 * The tree of a directory: what `mkcomposefs` makes an image of, but hard links stay links unless
 * `breakHardLinks` is set. Symlinks are not followed, not even one that the path names. Files of 1 to 64 bytes are
 * inline; of larger ones the fs-verity digest is computed, or they are put into `store`. System calls and hashing
 * happen on other threads.
 *
 * @throws ComposefsError: an error of a system call; `ERR_COMPOSEFS_CHANGED` for what another process changes
 *   meanwhile (see `onChanged`); `ERR_COMPOSEFS_XATTR`, `_TREE` where a limit is exceeded; or the reason of `signal`
 */
export async function fromDirectory(path: FilePath, options: FromDirectoryOptions = {}): Promise<Tree> {
	const settings = checkOptions(options);
	const signal = settings.signal ?? new AbortController().signal;
	signal.throwIfAborted();
	const reader = new DirectoryReader(settings);
	const tree = await reader.readNames(bytesToName(pathToBytes(path)), signal);

	const { contents, entries } = reader;
	const totalFiles = contents.length;
	const totalBytes = contents.reduce((sum, { record }) => sum + record.size, 0);
	let files = 0;
	let bytes = 0;
	const done = ({ record }: Content) => {
		files++;
		bytes += record.size;
		settings.onProgress?.({ entries, files, bytes, totalFiles, totalBytes });
	};
	const failed = ({ places }: Content, error: ComposefsError) => {
		for (const place of places) {
			reader.skipOrThrow(place, error);
			place.parent?.children.delete(place.name);
		}
	};
	const { store, threads } = settings;
	await takeContents(contents, { store, threads, signal }, { done, failed });
	return tree;
}
