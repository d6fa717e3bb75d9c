/** What can be wrong with an entry of a directory, as errors. */
import { ComposefsError } from "../errors.ts";
import { LIMITS } from "../limits.ts";
import { systemError } from "../native.ts";
import type { ScanRecord } from "./decode.ts";

/** The calls of the enum Problem in native/scan.h, in its order from 1. */
const CALLS = ["lstat", "readlink", "open", "read", "listxattr", "getxattr", "readdir"];
const CHANGED = CALLS.length + 1;
const XATTR_LIMIT = CALLS.length + 2;

/** The error that a record tells of, or undefined. */
export function problemOf({ problem, errno }: ScanRecord, path: string): ComposefsError | undefined {
	if (problem === 0) return undefined;
	const call = CALLS[problem - 1];
	if (call !== undefined) return systemError(-errno, call, path);
	if (problem === CHANGED) return changed(path, "it changed, or vanished, while it was read");
	if (problem === XATTR_LIMIT) {
		const text = `${path}: xattrs take more than ${LIMITS.xattrTotal} bytes`;
		return new ComposefsError("ERR_COMPOSEFS_XATTR", text, {
			rule: "xattr-total",
			path,
			limit: LIMITS.xattrTotal,
		});
	}
	return new ComposefsError("ERR_COMPOSEFS_TREE", `${path}: the directory has more names than are allowed`, {
		rule: "inodes",
		path,
	});
}

export function changed(path: string, text: string, cause?: unknown): ComposefsError {
	return new ComposefsError("ERR_COMPOSEFS_CHANGED", `${path}: ${text}`, { rule: "changed", path, cause });
}

export function isChange(error: unknown): error is ComposefsError {
	return error instanceof ComposefsError && error.code === "ERR_COMPOSEFS_CHANGED";
}
