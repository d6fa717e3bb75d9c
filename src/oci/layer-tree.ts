/** `layerTree`: one layer by itself, to be stacked by overlayfs. */
import { copyMetadata, type Directory, type Inode, OPAQUE, whiteout } from "../inode.ts";
import { runInSlices } from "../slices.ts";
import { checkIsTree, Tree } from "../tree.ts";
import { withoutMarked } from "./apply.ts";
import { copyOf, emptyAs, impliedDirectory } from "./directories.ts";
import { ociError } from "./fault.ts";
import { type Layer, type LayerEntries, layerOf, type ReadLayerOptions } from "./layer.ts";
import { linkedOr, resolveLinks } from "./lower-links.ts";
import type { Marks } from "./marks.ts";

export interface LayerTreeOptions extends ReadLayerOptions {
	/** The layers below. Without them, a layer with hard links into them, or an opaque root, is refused. */
	readonly lower?: Tree | undefined;
}

const YES: Uint8Array = Buffer.from("y");

/**
 * The tree of one layer, its marks as overlayfs knows them: a whiteout is a character device 0:0, an opaque
 * directory has the xattr `trusted.overlay.opaque`. So containers/storage keeps layers. With `lower`, it shows on top
 * of that what `applyLayer` makes; hard links into it become a further copy of the inode, as when overlayfs copies up.
 * Without, directories that have no entry are 0755, 0:0, of 1970, those that hold nothing but whiteouts too.
 *
 * @throws ComposefsError as `applyLayer` does; `ERR_COMPOSEFS_OCI`, rule `lower`, where `lower` is needed
 */
export async function layerTree(layer: Layer | LayerEntries, options: LayerTreeOptions = {}): Promise<Tree> {
	const { lower, signal } = options;
	if (lower !== undefined) checkIsTree(lower);
	const read = await layerOf(layer, options);
	if (lower === undefined) refuseWithoutLower(read);
	return new Tree(await runInSlices(markedTree(read, lower), signal));
}

function* markedTree(layer: Layer, lower: Tree | undefined): Generator<undefined, Directory, undefined> {
	const own = yield* ownTree(layer, lower);
	const { marks } = layer;
	if (marks.opaque && lower !== undefined) {
		// overlayfs does not look for a mark at the root of a layer.
		yield* removeAll(own, lower.root.children.keys());
	} else {
		yield* mark(own, marks, lower?.root);
	}
	return own;
}

function refuseWithoutLower({ links, marks }: Layer): void {
	const [link] = links.values();
	if (link !== undefined) {
		const text = `${link.path}: a hard link to ${link.target.join("/")} of a lower layer: option lower is missing`;
		throw ociError("lower", text, { path: link.path });
	}
	if (marks.opaque) throw ociError("lower", "/: the root is opaque: option lower is missing", { path: "/" });
}

const NAMES_PER_STEP = 256;

/** The layer's directories once more, with the inodes that its links lead to. */
function* ownTree(layer: Layer, lower: Tree | undefined): Generator<undefined, Directory, undefined> {
	const rest = lower && (yield* withoutMarked(lower.root, layer.marks, false));
	const links = rest === undefined ? new Map<Inode, Inode>() : yield* resolveLinks(layer, rest);
	const top = yield* copyOver(layer, layer.root, rest);
	const pending = [{ own: top, below: rest }];
	let count = 0;
	for (let at = pending.pop(); at !== undefined; at = pending.pop())
		for (const [name, inode] of at.own.children) {
			if (++count % NAMES_PER_STEP === 0) yield;
			if (inode.type !== "directory") {
				at.own.children.set(name, linkedOr(links, inode));
				continue;
			}
			const below = directoryIn(at.below, name);
			const own = yield* copyOver(layer, inode, below);
			at.own.children.set(name, own);
			pending.push({ own, below });
		}
	return top;
}

/** A directory of the layer once more, with the metadata of the lower one if it has no entry. */
function* copyOver(
	{ implicit }: Layer,
	directory: Directory,
	below: Directory | undefined,
): Generator<undefined, Directory, undefined> {
	const copy = yield* copyOf(directory);
	if (below !== undefined && implicit.has(directory)) copyMetadata(below, copy);
	return copy;
}

function directoryIn(parent: Directory | undefined, name: string): Directory | undefined {
	const found = parent?.children.get(name);
	return found?.type === "directory" ? found : undefined;
}

/**
 * Writes marks into the layer's own tree. What hides nothing is left out, as far as that is known.
 *
 * @param lower   the lower directory, where the lower layers are known
 */
function* mark(
	root: Directory,
	marks: Marks,
	lower: Directory | undefined,
): Generator<undefined, void, undefined> {
	const pending = [{ own: root, marks, lower }];
	for (let at = pending.pop(); at !== undefined; at = pending.pop()) {
		const { own, marks, lower } = at;
		if (marks.opaque) {
			makeOpaque(own);
			continue;
		}
		yield* removeAll(own, marks.removed, lower);
		for (const [name, below] of marks.below) {
			const lowerChild = directoryIn(lower, name);
			if (marks.removed.has(name) || (lower !== undefined && lowerChild === undefined)) continue;
			const child = own.children.get(name) ?? (lowerChild ? emptyAs(lowerChild) : impliedDirectory());
			if (child.type !== "directory") continue;
			own.children.set(name, child);
			pending.push({ own: child, marks: below, lower: lowerChild });
		}
	}
}

/** Hides lower names, all or those that the lower directory has. Yields every few hundred. */
function* removeAll(
	own: Directory,
	names: Iterable<string>,
	lower?: Directory,
): Generator<undefined, void, undefined> {
	let count = 0;
	for (const name of names) {
		if (++count % NAMES_PER_STEP === 0) yield;
		if (lower?.children.has(name) ?? true) remove(own, name);
	}
}

/** Hides a lower name: by what the layer has there, or else by a whiteout. */
function remove(own: Directory, name: string): void {
	const child = own.children.get(name);
	if (child === undefined) own.children.set(name, whiteout());
	else if (child.type === "directory") makeOpaque(child);
}

function makeOpaque(directory: Directory): void {
	directory.xattrs = new Map(directory.xattrs).set(OPAQUE, YES);
}
