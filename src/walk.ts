/** Walks that can give way to the event loop, where a directory is wide. `Tree.walk`, which cannot, is quicker. */
import type { Directory, Inode } from "./inode.ts";
import { MetDirectories } from "./met-directories.ts";
import { sortNamesInSteps } from "./sort-names.ts";
import { mapInSteps, type Steps } from "./steps.ts";
import type { Tree, WalkEntry } from "./tree.ts";

/**
 * A place, and what is below it, each before what is below that. Yields undefined for a pause.
 *
 * @param below   what is in a place that the walk has told of, in order; undefined for one that nothing is in
 * @throws what `below` throws
 */
export function* walkPlaces<Place>(
	start: Place,
	below: (place: Place) => Steps<Place[]> | undefined,
): Generator<Place | undefined> {
	const stack: Place[] = [start];
	for (let place = stack.pop(); place !== undefined; place = stack.pop()) {
		yield place;
		const steps = below(place);
		if (steps === undefined) continue;
		const found = yield* steps;
		yield* mapInSteps(found.reverse(), (next) => stack.push(next));
	}
}

/**
 * Every name of a tree, as `Tree.walk` has them. Yields undefined for a pause.
 *
 * @throws ComposefsError `ERR_COMPOSEFS_TREE` for a directory that has two names or contains itself
 */
export function walkInSteps(tree: Tree): Generator<WalkEntry | undefined> {
	const met = new MetDirectories();
	return walkPlaces<WalkEntry>({ path: "/", inode: tree.root }, ({ path, inode }) => {
		if (inode.type !== "directory") return undefined;
		met.add(inode);
		return entriesIn(path === "/" ? "/" : `${path}/`, inode);
	});
}

function* entriesIn(prefix: string, { children }: Directory): Steps<WalkEntry[]> {
	const names = yield* mapInSteps(children.keys(), (name) => name);
	const sorted = yield* sortNamesInSteps(names);
	return yield* mapInSteps(sorted, (name) => ({ path: prefix + name, inode: children.get(name) as Inode }));
}
