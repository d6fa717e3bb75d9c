import { type Directory, directory } from "../../src/inode.ts";

/** Directories in one another, each with a name of 255 bytes: the path of the last takes half a megabyte. */
export function deepDirectory(depth = 2048): { root: Directory; deepest: Directory } {
	const root = directory();
	let deepest = root;
	for (let level = 1; level < depth; level++) {
		const below = directory();
		deepest.children.set("d".repeat(255), below);
		deepest = below;
	}
	return { root, deepest };
}
