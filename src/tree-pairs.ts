/** Two trees side by side: what each has at a path. */
import type { Directory, Inode } from "./inode.ts";
import { MetDirectories } from "./met-directories.ts";
import { sortNamesInSteps } from "./sort-names.ts";
import { mapInSteps, type Steps } from "./steps.ts";
import type { Tree } from "./tree.ts";
import { walkPlaces } from "./walk.ts";

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

/** In the order of their bytes, as `Tree.walk` has them, or in any, for less. */
type Order = "sorted" | "any";

/**
 * Every name of either tree, a directory before what is in it. Yields undefined where a wide directory takes long, so that
 * the caller can give way.
 *
 * @throws ComposefsError `ERR_COMPOSEFS_TREE` for a directory that has two names or contains itself
 */
export function pairsOf(before: Tree, after: Tree, order: Order): Generator<Pair | undefined> {
	const [metBefore, metAfter] = [new MetDirectories(), new MetDirectories()];
	const roots = { path: "/", name: "", above: undefined, before: before.root, after: after.root };
	return walkPlaces<Pair>(roots, (pair) => {
		const [old, now] = [childrenOf(pair.before, metBefore), childrenOf(pair.after, metAfter)];
		if (old === undefined && now === undefined) return undefined;
		return pairsBelow(pair, old ?? NO_CHILDREN, now ?? NO_CHILDREN, order);
	});
}

type Children = Directory["children"];

const NO_CHILDREN: Children = new Map();

function childrenOf(inode: Inode | undefined, met: MetDirectories): Children | undefined {
	if (inode?.type !== "directory") return undefined;
	met.add(inode);
	return inode.children;
}

function* pairsBelow(above: Pair, old: Children, now: Children, order: Order): Steps<Pair[]> {
	const names = yield* mapInSteps(old.keys(), (name) => name);
	yield* mapInSteps(now.keys(), (name) => {
		if (!old.has(name)) names.push(name);
	});
	const ordered = order === "any" ? names : yield* sortNamesInSteps(names);
	const prefix = above.path === "/" ? "/" : `${above.path}/`;
	const pairAt = (name: string) => {
		return { path: prefix + name, name, above, before: old.get(name), after: now.get(name) };
	};
	return yield* mapInSteps(ordered, pairAt);
}
