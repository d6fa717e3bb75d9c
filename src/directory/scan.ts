/** Directories, read on another thread. */
import { INLINE_SIZE } from "../content.ts";
import type { ComposefsError } from "../errors.ts";
import { nameToBytes } from "../names.ts";
import { awaitJob, toError } from "../native.ts";
import { decodeRecords, type ScanRecord } from "./decode.ts";
import type { Settings } from "./options.ts";
import { changed } from "./problem.ts";

/** A directory that is to be read. */
export interface FoundDirectory {
	/** Of this machine, as a name (names.ts). */
	readonly path: string;
	/** What its parent said of it; nothing for the directory that the caller named. */
	readonly record: ScanRecord | undefined;
}

/** What open(2) says of a path that is no directory any more. */
const GONE = new Set(["ENOENT", "ENOTDIR", "ELOOP", "ESTALE"]);

/**
 * For each directory its records, its own and then those of the names in it, or why there are none: an error of
 * open(2), or `ERR_COMPOSEFS_CHANGED`.
 *
 * @throws the reason of `signal`
 */
export async function scanDirectories(
	directories: readonly FoundDirectory[],
	entryLimit: number,
	{ skipXattrs = false, userXattrs = false, noInline = false }: Settings,
	signal: AbortSignal,
): Promise<(Generator<ScanRecord, void, undefined> | ComposefsError)[]> {
	const named = directories.map(({ path, record }) => ({
		path: nameToBytes(path),
		expected: record?.packedIdentity,
	}));
	const options = {
		xattrs: !skipXattrs,
		userXattrsOnly: userXattrs,
		inlineLimit: noInline ? 0 : INLINE_SIZE,
		entryLimit,
	};
	const results = await awaitJob((addon) => addon.scanDirectories(named, options), { signal });
	return directories.map(({ path, record }, i) => {
		const result = results[i];
		if (result instanceof ArrayBuffer) return decodeRecords(result);
		const error = toError(result ?? {}, path);
		if (record === undefined || !GONE.has(error.code)) return error;
		return changed(path, "it was a directory, and is gone or something else", error);
	});
}
