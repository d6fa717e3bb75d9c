/** Paths within a tree or image: absolute, a leading slash may be left out, symlinks are never followed. */
import { ComposefsError } from "./errors.ts";
import { type Name, toName } from "./names.ts";

/** The names of a path. `.` and `..` are not interpreted: as names they are refused. */
export function splitPath(path: Name): string[] {
	const names = toName(path)
		.split("/")
		.filter((name) => name !== "");
	if (names.includes(".") || names.includes(".."))
		throw new ComposefsError("ERR_COMPOSEFS_NAME", `${toName(path)}: "." and ".." are not names`, {
			rule: "name-dot",
			path: toName(path),
		});
	return names;
}

/** An error as node:fs words it. */
export function pathError(code: string, problem: string, path: Name): ComposefsError {
	return new ComposefsError(code, `${code}: ${problem}, ${toName(path)}`, { path: toName(path) });
}
