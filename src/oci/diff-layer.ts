/** `diffLayer`: two trees become the layer that makes the one of the other. */
import { type Directory, directory, type Inode, isOpaque, isWhiteout, whiteout } from "../inode.ts";
import { changedAttributes } from "../inode-changes.ts";
import { runInSlices } from "../slices.ts";
import { checkIsTree, Tree } from "../tree.ts";
import { type Pair, pairsOf } from "../tree-pairs.ts";
import { ociError } from "./fault.ts";

/**
 * The upper layer that makes `after` of `before`: written with `writeTar` or `writeChunkedLayer`, whoever applies it to
 * `before` has `after`; as an image of its own, over that of `before`, overlayfs shows it. In it are the root, what is
 * new or changed, the directories that this is in, and a whiteout for each name that is gone. As the image
 * specification recommends, no directory is opaque.
 *
 * Inodes are compared as `diff` does. One that is new or changed, or has got another name, is there under all of its
 * names in `after`; one that has only lost names stays with `before`. Equal trees give equal layers. The layer shares
 * its inodes, directories excepted, with `after`.
 *
 * @throws ComposefsError `ERR_COMPOSEFS_OCI`, rules `whiteout-data` and `opaque-data`, with `path`, for a whiteout in `after`
 *   that `before` does not have, and an opaque directory that has to be in the layer: they would hide what is below;
 *   `ERR_COMPOSEFS_TREE` for a directory that has two names or contains itself; the reason of `signal`
 */
export async function diffLayer(
	before: Tree,
	after: Tree,
	{ signal }: { readonly signal?: AbortSignal | undefined } = {},
): Promise<Tree> {
	checkIsTree(before);
	checkIsTree(after);
	return new Tree(await runInSlices(changesOf(before, after), signal));
}

/** Yields after each name. */
function* changesOf(before: Tree, after: Tree): Generator<undefined, Directory, undefined> {
	const kept = yield* keptInodes(before, after);
	const upper = new Upper(after.root);
	for (const pair of pairsOf(before, after, "sorted")) {
		yield;
		if (pair === undefined) continue;
		const { before: old, after: now } = pair;
		if (now === undefined) {
			// Of a directory that is gone, or that something else replaces, nothing below it is named.
			if (pair.above?.after?.type === "directory") upper.put(pair, whiteout());
		} else if (now.type === "directory") {
			if (old === undefined || isChanged(old, now)) upper.directory(pair);
		} else if (!kept.has(now)) {
			if (isWhiteout(now)) throw dataFault("whiteout-data", pair.path, "a whiteout, which would hide");
			upper.put(pair, now);
		}
	}
	return upper.root;
}

/**
 * Inodes that are in `before` as they are, under each of their names, and so stay there. Of several that were one, that
 * is the first. Yields after each name.
 */
function* keptInodes(before: Tree, after: Tree): Generator<undefined, Set<Inode>, undefined> {
	const origins = new Map<Inode, Inode | undefined>();
	for (const pair of pairsOf(before, after, "sorted")) {
		yield;
		const { before: old, after: now } = pair ?? {};
		if (now === undefined || now.type === "directory") continue;
		if (!origins.has(now)) origins.set(now, old === undefined || isChanged(old, now) ? undefined : old);
		else if (origins.get(now) !== old) origins.set(now, undefined);
	}
	const kept = new Set<Inode>();
	const taken = new Set<Inode>();
	for (const [now, old] of origins) {
		yield;
		if (old === undefined || taken.has(old)) continue;
		taken.add(old);
		kept.add(now);
	}
	return kept;
}

function isChanged(before: Inode, after: Inode): boolean {
	return before !== after && changedAttributes(before, after).length > 0;
}

/** The layer's tree; its directories are made when something comes into them. */
class Upper {
	readonly root: Directory;
	readonly #made = new Map<Pair, Directory>();

	constructor(root: Directory) {
		this.root = copyAt("/", root);
	}

	put({ above, name }: Pair, inode: Inode): void {
		this.directory(above).children.set(name, inode);
	}

	/** That of a pair, with what it is in. */
	directory(pair: Pair | undefined): Directory {
		const missing: Pair[] = [];
		let at = pair;
		for (; at?.above !== undefined && !this.#made.has(at); at = at.above) missing.push(at);
		let made = (at && this.#made.get(at)) ?? this.root;
		for (const below of missing.reverse()) {
			const copy = copyAt(below.path, below.after as Directory);
			made.children.set(below.name, copy);
			this.#made.set(below, copy);
			made = copy;
		}
		return made;
	}
}

/** With xattrs of its own: a directory of the layer can be changed. */
function copyAt(path: string, found: Directory): Directory {
	if (isOpaque(found)) throw dataFault("opaque-data", path, "opaque by its xattrs, and would hide");
	return directory(found);
}

function dataFault(rule: string, path: string, problem: string): Error {
	return ociError(rule, `${path}: is ${problem} what lower layers have`, { path });
}
