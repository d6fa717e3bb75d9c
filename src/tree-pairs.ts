/** Two trees side by side: what each has at a path. */
import type { Directory, Inode } from "./inode.ts";
import { MetDirectories } from "./met-directories.ts";
import { sortNames } from "./names.ts";
import type { Tree } from "./tree.ts";

/** A path, and what each tree has there. */
export interface Pair {
	/** Absolute, `/` for the roots. */
	readonly path: string;
	/** The last of its names; empty for the roots. */
	readonly name: string;
	/** What its name is in; undefined for the roots. */
	readonly above: Pair | undefined;
	readonly before: Inode | undefined;
	readonly after: Inode | undefined;
}

/**
 * Every name of either tree, in the order of `Tree.walk`.
 *
 * @throws ComposefsError `ERR_COMPOSEFS_TREE` for a directory that has two names or contains itself
 */
export function* pairsOf(before: Tree, after: Tree): Generator<Pair> {
	const stack: Pair[] = [{ path: "/", name: "", above: undefined, before: before.root, after: after.root }];
	const met = [new MetDirectories(), new MetDirectories()] as const;
	for (let pair = stack.pop(); pair !== undefined; pair = stack.pop()) {
		if (pair.before?.type === "directory") met[0].add(pair.before);
		if (pair.after?.type === "directory") met[1].add(pair.after);
		yield pair;
		pushChildren(stack, pair);
	}
}

function pushChildren(stack: Pair[], above: Pair): void {
	const old = childrenOf(above.before);
	const now = childrenOf(above.after);
	if (old.size + now.size === 0) return;
	const names = sortNames([...new Set([...old.keys(), ...now.keys()])]);
	const prefix = above.path === "/" ? "/" : `${above.path}/`;
	for (const name of names.reverse())
		stack.push({ path: prefix + name, name, above, before: old.get(name), after: now.get(name) });
}

const NO_CHILDREN: Directory["children"] = new Map();

function childrenOf(inode: Inode | undefined): Directory["children"] {
	return inode?.type === "directory" ? inode.children : NO_CHILDREN;
}
