/** Paths of entries, which come in many spellings. */

/**
 * The names of a path, by one slash apart: `./a//b/` is `a/b`, and the root is "". Undefined where a name is `..`,
 * which leads out of the layer.
 */
export function canonicalPath(name: string): string | undefined {
	// Most are as they should be.
	if (!/(?:^|\/)(?:\.{0,2}(?:\/|$))/.test(name)) return name;
	const names = name.split("/").filter((part) => part !== "" && part !== ".");
	return names.includes("..") ? undefined : names.join("/");
}
