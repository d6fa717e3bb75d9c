/** `layerTree`: one layer by itself, to be stacked by overlayfs. */
import { type Directory, type Inode, whiteout } from "../inode.ts";
import { runInSlices } from "../slices.ts";
import { Tree } from "../tree.ts";
import { withoutMarked } from "./apply.ts";
import { copyOf, impliedDirectory } from "./directories.ts";
import { ociError } from "./fault.ts";
import { type Layer, type LayerEntries, layerOf, type ReadLayerOptions } from "./layer.ts";
import { resolveLinks } from "./lower-links.ts";
import type { Marks } from "./marks.ts";

export interface LayerTreeOptions extends ReadLayerOptions {
	/** The layers below. Without them, a layer with hard links into them, or an opaque root, is refused. */
	readonly lower?: Tree | undefined;
}

const OPAQUE = "trusted.overlay.opaque";
const YES: Uint8Array = Buffer.from("y");

/**
 * The tree of one layer, its marks as overlayfs knows them: a whiteout is a character device 0:0, an opaque
 * directory has the xattr `trusted.overlay.opaque`. So containers/storage keeps layers. Stacked on the layers below,
 * it shows what `applyLayer` makes, but for directories without an entry: these have the metadata of implied ones
 * (0755, 0:0, 1970), as a layer by itself knows of no other. Hard links into lower layers become a further copy of
 * the inode, as when overlayfs copies up.
 *
 * @throws ComposefsError as `applyLayer` does; `ERR_COMPOSEFS_OCI`, rule `lower`, where `lower` is needed
 */
export async function layerTree(layer: Layer | LayerEntries, options: LayerTreeOptions = {}): Promise<Tree> {
	const { lower, signal } = options;
	const read = await layerOf(layer, options);
	const { marks } = read;
	if (lower === undefined) refuseWithoutLower(read);
	const own = await runInSlices(ownTree(read, lower), signal);
	if (marks.opaque && lower !== undefined) {
		// overlayfs does not look for a mark at the root of a layer.
		for (const name of lower.root.children.keys()) remove(own, name);
	}
	mark(own, marks, true);
	return new Tree(own);
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
	const links = rest === undefined ? new Map<Inode, Inode>() : resolveLinks(layer, rest);
	const top = yield* copyOf(layer.root);
	const pending = [top];
	let count = 0;
	for (let at = pending.pop(); at !== undefined; at = pending.pop())
		for (const [name, inode] of at.children) {
			if (++count % NAMES_PER_STEP === 0) yield;
			const copy = inode.type === "directory" ? yield* copyOf(inode) : (links.get(inode) ?? inode);
			at.children.set(name, copy);
			if (copy.type === "directory") pending.push(copy);
		}
	return top;
}

/** Writes marks into the layer's own tree. What hides nothing that is not hidden already is left out. */
function mark(own: Directory, { opaque, removed, below }: Marks, isRoot: boolean): void {
	if (opaque && !isRoot) makeOpaque(own);
	if (opaque) return;
	for (const name of removed) remove(own, name);
	for (const [name, marks] of below) {
		if (removed.has(name)) continue;
		const child = own.children.get(name) ?? impliedDirectory();
		if (child.type !== "directory") continue;
		own.children.set(name, child);
		mark(child, marks, false);
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
