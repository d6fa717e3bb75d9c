/** Layers for tests: entries in one line each, and trees as short lists. */
import { directory, file, fileSize, type Inode, type MetadataOptions, symlink } from "../../src/inode.ts";
import { applyLayer } from "../../src/oci/apply.ts";
import type { LayerEntry } from "../../src/oci/layer.ts";
import { Tree } from "../../src/tree.ts";

/**
 * An entry from a line: `a/` is a directory, `a -> b` a symlink, `a = b` a hard link, `a: text` a file with that text,
 * `a` an empty one.
 */
export function entry(line: string, options?: MetadataOptions): LayerEntry {
	const [, name, operator, rest = ""] = /^(.*?)(?:( -> | = |: )(.*))?$/s.exec(line) ?? [];
	if (name === undefined) throw new Error(`no entry: ${line}`);
	if (operator === " = ") return { name, linkName: rest };
	if (operator === " -> ") return { name, inode: symlink(rest, options) };
	if (operator === undefined && name.endsWith("/")) return { name, inode: directory(options) };
	return { name, inode: file(Buffer.from(rest), options) };
}

export function entries(...lines: string[]): LayerEntry[] {
	return lines.map((line) => entry(line));
}

/** A lower layer to be changed. */
export const LOWER = ["d/", "d/a: 1", "d/b: 2", "d/sub/", "d/sub/deep: 3", "top: 4"];

/** The tree of layers over each other, from the lowest. */
export async function stack(...layers: (readonly (string | LayerEntry)[])[]): Promise<Tree> {
	let tree = new Tree();
	for (const layer of layers)
		tree = await applyLayer(
			tree,
			layer.map((one) => (typeof one === "string" ? entry(one) : one)),
		);
	return tree;
}

/** A tree as lines of the same form, without the root; hard links are `a = b`, with the first name. */
export function lines(tree: Tree): string[] {
	const seen = new Map<Inode, string>();
	const found: string[] = [];
	for (const { path, inode } of tree.walk()) {
		const name = path.slice(1);
		const first = seen.get(inode);
		seen.set(inode, first ?? name);
		if (name !== "") found.push(first === undefined ? line(name, inode) : `${name} = ${first}`);
	}
	return found;
}

function line(name: string, inode: Inode): string {
	switch (inode.type) {
		case "directory":
			return `${name}/`;
		case "symlink":
			return `${name} -> ${inode.target}`;
		case "file":
			return fileSize(inode) === 0 ? name : `${name}: ${Buffer.from(inode.content ?? []).toString()}`;
		case "character-device":
		case "block-device":
			return `${name} (${inode.rdev.major}:${inode.rdev.minor})`;
		default:
			return `${name} (${inode.type})`;
	}
}
