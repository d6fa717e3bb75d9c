/** Names of a layer's entries, taken apart. */
import { LIMITS } from "../limits.ts";
import { checkName, Violation } from "../validate.ts";
import { ociError } from "./fault.ts";

/**
 * The names of an entry's path, from the root of the image; none for the root itself. Slashes in front, doubled or at
 * the end, and `.`, mean nothing. `..` is refused: no honest layer has it, and readers disagree about it.
 *
 * @throws ComposefsError `ERR_COMPOSEFS_OCI`, rule `entry-name` or `entry-depth`; `ERR_COMPOSEFS_NAME`
 */
export function entryNames(path: string): string[] {
	const names = path.split("/");
	let count = 0;
	for (const name of names) {
		if (name === "" || name === ".") continue;
		if (name === "..") throw ociError("entry-name", `${path}: ".." leads out of its directory`, { path });
		names[count++] = name;
	}
	if (path === "") throw ociError("entry-name", "an entry of the layer has no name");
	names.length = count;
	if (count >= LIMITS.depth) {
		const text = `${path.slice(0, 80)}…: ${count} names deep, the limit is ${LIMITS.depth - 1}`;
		throw ociError("entry-depth", text, { limit: LIMITS.depth - 1, actual: count });
	}
	return names;
}

/** Checks a name that is to be one of a tree. @throws ComposefsError `ERR_COMPOSEFS_NAME`, with the entry's path */
export function checkEntryName(name: string, path: string): void {
	try {
		checkName(name);
	} catch (error) {
		throw error instanceof Violation ? error.at(path) : error;
	}
}
