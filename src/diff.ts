/** What differs between two trees. */
import { type ImageSource, type ReadImageOptions, readImage } from "./image/index.ts";
import type { Directory, Inode } from "./inode.ts";
import { MetDirectories } from "./met-directories.ts";
import { sortNames } from "./names.ts";
import { runInSlices } from "./slices.ts";
import { Tree } from "./tree.ts";

/**
 * What of an inode has changed. `owner`: uid or gid. `content`: a file's bytes, size, digest or object, a
 * symlink's target, a device's number. `link group`: which names it has.
 */
export type ChangedAttribute = "type" | "mode" | "owner" | "mtime" | "xattr" | "content" | "link group";

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
 * is named under each.
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

/** A path, and what each tree has there. */
interface Pair {
	readonly path: string;
	readonly before: Inode | undefined;
	readonly after: Inode | undefined;
}

/** Yields after each name. */
function* compare(before: Tree, after: Tree): Generator<undefined, Change[], undefined> {
	const changes: Change[] = [];
	const groups = yield* findLinkGroups(before, after);
	for (const pair of pairsOf(before, after)) {
		const change = changeOf(pair, groups);
		if (change !== undefined) changes.push(change);
		yield;
	}
	return changes;
}

/** Every name of either tree, in the order of `Tree.walk`. */
function* pairsOf(before: Tree, after: Tree): Generator<Pair> {
	const stack: Pair[] = [{ path: "/", before: before.root, after: after.root }];
	const met = [new MetDirectories(), new MetDirectories()] as const;
	for (let pair = stack.pop(); pair !== undefined; pair = stack.pop()) {
		if (pair.before?.type === "directory") met[0].add(pair.before);
		if (pair.after?.type === "directory") met[1].add(pair.after);
		yield pair;
		pushChildren(stack, pair);
	}
}

function changeOf(pair: Pair, groups: readonly [LinkGroups, LinkGroups]): Change | undefined {
	const { path, before, after } = pair;
	if (before === undefined) return after && { kind: "added", path, after };
	if (after === undefined) return { kind: "removed", path, before };
	const attributes = changedAttributes(before, after);
	if (groups[0].get(before) !== groups[1].get(after)) attributes.push("link group");
	return attributes.length > 0 ? { kind: "changed", path, before, after, attributes } : undefined;
}

function pushChildren(stack: Pair[], { path, before, after }: Pair): void {
	const old = childrenOf(before);
	const now = childrenOf(after);
	if (old.size + now.size === 0) return;
	const names = sortNames([...new Set([...old.keys(), ...now.keys()])]);
	const prefix = path === "/" ? "/" : `${path}/`;
	for (const name of names.reverse())
		stack.push({ path: prefix + name, before: old.get(name), after: now.get(name) });
}

const NO_CHILDREN: Directory["children"] = new Map();

function childrenOf(inode: Inode | undefined): Directory["children"] {
	return inode?.type === "directory" ? inode.children : NO_CHILDREN;
}

function changedAttributes(before: Inode, after: Inode): ChangedAttribute[] {
	const attributes: ChangedAttribute[] = [];
	if (before.type !== after.type) attributes.push("type");
	if (before.mode !== after.mode) attributes.push("mode");
	if (before.uid !== after.uid || before.gid !== after.gid) attributes.push("owner");
	if (before.mtimeNs !== after.mtimeNs) attributes.push("mtime");
	if (!haveSameXattrs(before, after)) attributes.push("xattr");
	if (before.type === after.type && !haveSameContent(before, after)) attributes.push("content");
	return attributes;
}

function haveSameXattrs({ xattrs: before }: Inode, { xattrs: after }: Inode): boolean {
	if ((before?.size ?? 0) !== (after?.size ?? 0)) return false;
	if (before === undefined || after === undefined) return true;
	for (const [name, value] of before) {
		const other = after.get(name);
		if (other === undefined || !areEqual(value, other)) return false;
	}
	return true;
}

/** Of two inodes of one type. */
function haveSameContent(before: Inode, after: Inode): boolean {
	if (before.type === "file" && after.type === "file") {
		if (before.content !== undefined && after.content !== undefined)
			return areEqual(before.content, after.content);
		return before.size === after.size && before.digest === after.digest && before.path === after.path;
	}
	if (before.type === "symlink" && after.type === "symlink") return before.target === after.target;
	if (!("rdev" in before && "rdev" in after)) return true;
	return before.rdev.major === after.rdev.major && before.rdev.minor === after.rdev.minor;
}

function areEqual(a: Uint8Array, b: Uint8Array): boolean {
	return a === b || Buffer.compare(a, b) === 0;
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
	for (const pair of pairsOf(before, after)) {
		found[0].add(pair.before, number);
		found[1].add(pair.after, number);
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
