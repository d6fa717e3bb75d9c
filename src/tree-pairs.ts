/** Two trees side by side: what each has at a path. */
import type { Directory, Inode } from "./inode.ts";
import { MetDirectories } from "./met-directories.ts";
import { sortNamesInSteps } from "./sort-names.ts";
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

/** Of a directory that one of the trees has, or both: its names, and how many of them were met. */
interface Level {
	readonly above: Pair;
	readonly old: Directory["children"];
	readonly now: Directory["children"];
	readonly names: readonly string[];
	met: number;
}

/** Names of a directory between two pauses. */
const STEP = 1024;

/** In the order of their bytes, as `Tree.walk` has them, or in any, for less. */
type Order = "sorted" | "any";

/**
 * Every name of either tree, a directory before what is in it. Yields undefined where a wide directory takes long, so that
 * the caller can give way.
 *
 * @throws ComposefsError `ERR_COMPOSEFS_TREE` for a directory that has two names or contains itself
 */
export function* pairsOf(before: Tree, after: Tree, order: Order): Generator<Pair | undefined> {
	const [metBefore, metAfter] = [new MetDirectories(), new MetDirectories()];
	const stack: Level[] = [];
	let pair: Pair | undefined = {
		path: "/",
		name: "",
		above: undefined,
		before: before.root,
		after: after.root,
	};
	while (pair !== undefined) {
		if (pair.before?.type === "directory") metBefore.add(pair.before);
		if (pair.after?.type === "directory") metAfter.add(pair.after);
		yield pair;
		const level: Level = yield* levelOf(pair, order);
		if (level.names.length > 0) stack.push(level);
		pair = nextOf(stack);
	}
}

function* levelOf(above: Pair, order: Order): Generator<undefined, Level, undefined> {
	const [old, now] = [childrenOf(above.before), childrenOf(above.after)];
	const names: string[] = [];
	for (const name of old.keys()) if (names.push(name) % STEP === 0) yield;
	let count = 0;
	for (const name of now.keys()) {
		if (!old.has(name)) names.push(name);
		if (++count % STEP === 0) yield;
	}
	return { above, old, now, names: order === "any" ? names : yield* sortNamesInSteps(names), met: 0 };
}

/** The next name of the innermost directory that has one. */
function nextOf(stack: Level[]): Pair | undefined {
	for (let level = stack.at(-1); level !== undefined; level = stack.at(-1)) {
		const name = level.names[level.met++];
		if (name === undefined) stack.pop();
		else return pairAt(level, name);
	}
	return undefined;
}

function pairAt({ above, old, now }: Level, name: string): Pair {
	const path = above.above === undefined ? `/${name}` : `${above.path}/${name}`;
	return { path, name, above, before: old.get(name), after: now.get(name) };
}

const NO_CHILDREN: Directory["children"] = new Map();

function childrenOf(inode: Inode | undefined): Directory["children"] {
	return inode?.type === "directory" ? inode.children : NO_CHILDREN;
}
