/** `applyLayer`: a layer over the tree of the layers below it. */
import { copyMetadata, type Directory } from "../inode.ts";
import { runInSlices } from "../slices.ts";
import { checkIsTree, Tree } from "../tree.ts";
import { copyOf, emptyAs, impliedDirectory } from "./directories.ts";
import { type Layer, type LayerEntries, layerOf, type ReadLayerOptions } from "./layer.ts";
import { linkedOr, resolveLinks } from "./lower-links.ts";
import type { Marks } from "./marks.ts";

/**
 * Puts a layer over a tree, as the image specification has it. First the layer's whiteouts and opaque marks take
 * away what they name, wherever they stand in it; they never touch what the layer itself holds. Then its tree is laid
 * over the rest: a directory on a directory joins both and has the layer's metadata, unless the layer has no entry
 * for it; everything else replaces what is there, whatever that is. Symlinks are never followed: a directory of the
 * layer takes the place of a lower symlink, as where overlayfs stacks layers.
 *
 * The given tree stays as it was. The new one shares with it every inode, and every directory, that the layer leaves
 * alone, and Maps of xattrs: whoever goes on to change one of them by hand changes both, but for a copy by `copyTree`.
 *
 * @param layer   its entries, or the layer that `readLayer` made of them
 * @throws ComposefsError `ERR_COMPOSEFS_OCI` with `rule` and `path`, `ERR_COMPOSEFS_NAME`; what the entries throw; the
 *   signal's reason
 */
export async function applyLayer(
	tree: Tree,
	layer: Layer | LayerEntries,
	options: ReadLayerOptions = {},
): Promise<Tree> {
	checkIsTree(tree);
	const read = await layerOf(layer, options);
	return new Tree(await runInSlices(layOver(tree.root, read, false), options.signal));
}

/** Lays layers over each other, from the lowest, and leaves nothing of them to be used again. */
export async function stackLayers(layers: readonly Layer[], signal: AbortSignal | undefined): Promise<Tree> {
	let root: Directory = impliedDirectory();
	for (const layer of layers) root = await runInSlices(layOver(root, layer, true), signal);
	return new Tree(root);
}

/**
 * The union of a lower directory and a layer. Yields every few hundred names.
 *
 * @param exclusive   nobody else has either of them: they are changed, and taken apart, in place of being copied
 */
export function* layOver(
	lower: Directory,
	layer: Layer,
	exclusive: boolean,
): Generator<undefined, Directory, undefined> {
	const rest = yield* withoutMarked(lower, layer.marks, exclusive);
	const links = yield* resolveLinks(layer, rest);
	const top = yield* union(layer.root, rest, layer, exclusive);
	const pending = [{ upper: layer.root, into: top }];
	const movable = exclusive && links.size === 0;
	let count = 0;
	for (let at = pending.pop(); at !== undefined; at = pending.pop()) {
		const { children } = at.into;
		for (const [name, inode] of at.upper.children) {
			if (++count % NAMES_PER_STEP === 0) yield;
			const found = children.get(name);
			if (inode.type !== "directory") children.set(name, linkedOr(links, inode));
			else if (found?.type !== "directory" && movable) children.set(name, inode);
			else {
				const into =
					found?.type === "directory" ? yield* union(inode, found, layer, exclusive) : emptyAs(inode);
				children.set(name, into);
				pending.push({ upper: inode, into });
			}
		}
	}
	return top;
}

/**
 * A lower directory without what the marks take away; itself, if that is nothing, or if it may be changed. Yields
 * every few hundred names.
 */
export function* withoutMarked(
	lower: Directory,
	marks: Marks,
	exclusive: boolean,
): Generator<undefined, Directory, undefined> {
	let rest = lower;
	// Those within before those that they are in: the given one comes last.
	for (const at of (yield* markedDirectories(lower, marks)).reverse()) {
		rest = yield* reduce(at, exclusive);
		if (rest !== at.lower) at.parent?.reduced.push([at.name, rest]);
	}
	return rest;
}

/** A lower directory that marks stand in. */
interface Marked {
	readonly lower: Directory;
	readonly marks: Marks;
	readonly name: string;
	readonly parent: Marked | undefined;
	/** What becomes of directories in it. */
	readonly reduced: [string, Directory][];
}

/** A directory before those within it: paths may be deeper than the stack. */
function* markedDirectories(lower: Directory, marks: Marks): Generator<undefined, Marked[], undefined> {
	const found: Marked[] = [{ lower, marks, name: "", parent: undefined, reduced: [] }];
	let count = 0;
	for (const parent of found) {
		if (parent.marks.opaque) continue;
		for (const [name, below] of parent.marks.below) {
			if (++count % NAMES_PER_STEP === 0) yield;
			const child = parent.lower.children.get(name);
			if (child?.type === "directory" && !parent.marks.removed.has(name))
				found.push({ lower: child, marks: below, name, parent, reduced: [] });
		}
	}
	return found;
}

function* reduce(
	{ lower, marks, reduced }: Marked,
	exclusive: boolean,
): Generator<undefined, Directory, undefined> {
	const { children } = lower;
	if (marks.opaque) {
		if (!exclusive) return children.size === 0 ? lower : emptyAs(lower);
		children.clear();
		return lower;
	}
	const removed: string[] = [];
	let count = 0;
	for (const name of marks.removed) {
		if (++count % NAMES_PER_STEP === 0) yield;
		if (children.has(name)) removed.push(name);
	}
	if (removed.length === 0 && reduced.length === 0) return lower;
	const changed = exclusive ? lower : yield* copyOf(lower);
	for (const name of removed) {
		if (++count % NAMES_PER_STEP === 0) yield;
		changed.children.delete(name);
	}
	for (const [name, rest] of reduced) changed.children.set(name, rest);
	return changed;
}

const NAMES_PER_STEP = 256;

/** The lower directory, to be filled up, with the metadata of the one that the layer has an entry for. */
function* union(
	upper: Directory,
	lower: Directory,
	{ implicit }: Layer,
	exclusive: boolean,
): Generator<undefined, Directory, undefined> {
	const into = exclusive ? lower : yield* copyOf(lower);
	if (!implicit.has(upper)) copyMetadata(upper, into);
	return into;
}
