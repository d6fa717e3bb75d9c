/** What differs between two trees. */
import { type ImageSource, type ReadImageOptions, readImage } from "./image/index.ts";
import type { Inode } from "./inode.ts";
import { type ChangedAttribute, changedAttributes } from "./inode-changes.ts";
import { runInSlices } from "./slices.ts";
import { Tree } from "./tree.ts";
import { type Pair, pairsOf } from "./tree-pairs.ts";

export type { ChangedAttribute } from "./inode-changes.ts";

export type Change =
	| { readonly kind: "added"; readonly path: string; readonly after: Inode }
	| { readonly kind: "removed"; readonly path: string; readonly before: Inode }
	| {
			readonly kind: "changed";
			readonly path: string;
			readonly before: Inode;
			readonly after: Inode;
			/** In the order of ChangedAttribute. */
			readonly attributes: readonly ChangedAttribute[];
	  };

/**
 * Compares two trees, or images, name by name. Changes come in the order of `Tree.walk`: of a directory that was
 * added or removed, and of one that became something else, every name below it too. An inode with several names
 * is named under each, always as the same object: `before` and `after` tell which changes are of one inode. Of such names
 * either all are there or none.
 *
 * Contents are compared as the trees have them: bytes in the image and an object in the store differ, even if the
 * object holds these bytes. The order of xattrs means nothing.
 *
 * @throws ComposefsError as `readImage` does; `ERR_COMPOSEFS_TREE` for a directory that has two names or contains
 *   itself; or the reason of `signal`
 */
export async function diff(
	before: Tree | ImageSource,
	after: Tree | ImageSource,
	options: ReadImageOptions = {},
): Promise<Change[]> {
	const trees = [await treeOf(before, options), await treeOf(after, options)] as const;
	return runInSlices(compare(...trees), options.signal);
}

async function treeOf(source: Tree | ImageSource, options: ReadImageOptions): Promise<Tree> {
	return source instanceof Tree ? source : readImage(source, options);
}

/** Yields after each name. */
function* compare(before: Tree, after: Tree): Generator<undefined, Change[], undefined> {
	const changes: Change[] = [];
	const groups = yield* findLinkGroups(before, after);
	for (const pair of pairsOf(before, after, "sorted")) {
		const change = pair && changeOf(pair, groups);
		if (change !== undefined) changes.push(change);
		yield;
	}
	return changes;
}

function changeOf(pair: Pair, groups: readonly [LinkGroups, LinkGroups]): Change | undefined {
	const { path, before, after } = pair;
	if (before === undefined) return after && { kind: "added", path, after };
	if (after === undefined) return { kind: "removed", path, before };
	const attributes = changedAttributes(before, after);
	if (groups[0].get(before) !== groups[1].get(after)) attributes.push("link group");
	return attributes.length > 0 ? { kind: "changed", path, before, after, attributes } : undefined;
}

/** Of each inode with several names, a number that is the same for the same names. */
type LinkGroups = Map<Inode, number>;

/** Of both trees. Names are told by their number among those of either tree: paths could be longer than a string. */
function* findLinkGroups(
	before: Tree,
	after: Tree,
): Generator<undefined, [LinkGroups, LinkGroups], undefined> {
	const found = [new NamesByInode(), new NamesByInode()] as const;
	let number = 0;
	for (const pair of pairsOf(before, after, "any")) {
		found[0].add(pair?.before, number);
		found[1].add(pair?.after, number);
		number++;
		yield;
	}
	// The texts are as long as there are names: they are compared once, and not for each name.
	const numbers = new Map<string, number>();
	return [yield* found[0].groups(numbers), yield* found[1].groups(numbers)];
}

class NamesByInode {
	/** All names of those with several. */
	readonly #texts = new Map<Inode, string>();
	readonly #first = new Map<Inode, number>();

	add(inode: Inode | undefined, name: number): void {
		if (inode === undefined || inode.type === "directory") return;
		const known = this.#texts.get(inode) ?? this.#first.get(inode);
		if (known === undefined) this.#first.set(inode, name);
		else this.#texts.set(inode, `${known} ${name}`);
	}

	*groups(numbers: Map<string, number>): Generator<undefined, LinkGroups, undefined> {
		const groups: LinkGroups = new Map();
		for (const [inode, text] of this.#texts) {
			const number = numbers.get(text) ?? numbers.size;
			numbers.set(text, number);
			groups.set(inode, number);
			yield;
		}
		return groups;
	}
}
