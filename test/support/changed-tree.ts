/** Pairs of trees for properties: one, and what becomes of it by some changes. */
import fc from "fast-check";
import { copyTree } from "../../src/copy-tree.ts";
import { directory, file, type Inode, isWhiteout } from "../../src/inode.ts";
import type { Tree, WalkEntry } from "../../src/tree.ts";

const OPERATIONS = ["remove", "chmod", "touch", "file", "directory", "link", "split", "move"] as const;

export interface ArbitraryChange {
	readonly operation: (typeof OPERATIONS)[number];
	/** Which names: numbers in the order of a walk. */
	readonly at: number;
	readonly other: number;
	/** Of what is new. */
	readonly name: string;
}

export const arbitraryChanges: fc.Arbitrary<ArbitraryChange[]> = fc.array(
	fc.record({
		operation: fc.constantFrom(...OPERATIONS),
		at: fc.nat(),
		other: fc.nat(),
		name: fc.constantFrom("a", "b", "usr", "new"),
	}),
	{ maxLength: 8 },
);

/** A changed copy of a tree. Changes that cannot be made are left out. */
export async function changedTree(before: Tree, changes: readonly ArbitraryChange[]): Promise<Tree> {
	const tree = await copyTree(before);
	for (const change of changes) apply(tree, change);
	return tree;
}

function apply(tree: Tree, { operation, at, other, name }: ArbitraryChange): void {
	const names = [...tree.walk()];
	const { path, inode } = names[at % names.length] as WalkEntry;
	const second = names[other % names.length] as WalkEntry;
	const parent = tree.get(path.slice(0, path.lastIndexOf("/")));
	const last = path.slice(path.lastIndexOf("/") + 1);
	if (operation === "chmod") inode.mode ^= 0o111;
	else if (operation === "touch") inode.mtimeNs += 1n;
	else if (path === "/" || parent?.type !== "directory") return;
	else if (operation === "remove") parent.children.delete(last);
	else if (operation === "file") parent.children.set(last, file(Buffer.from(name), { mode: at & 0o777 }));
	else if (operation === "directory") parent.children.set(last, directory({ mode: at & 0o777 }));
	// A further name becomes a file of its own.
	else if (operation === "split" && inode.type !== "directory") parent.children.set(last, { ...inode });
	else if (operation === "link") link(second.inode, inode, name);
	else if (operation === "move" && isMovable(path, second)) {
		parent.children.delete(last);
		second.inode.children.set(name, inode);
	}
}

function link(into: Inode, inode: Inode, name: string): void {
	if (into.type !== "directory" || inode.type === "directory" || isWhiteout(inode)) return;
	if (!into.children.has(name)) into.children.set(name, inode);
}

function isMovable(
	path: string,
	to: WalkEntry,
): to is WalkEntry & { inode: Extract<Inode, { type: "directory" }> } {
	return to.inode.type === "directory" && !`${to.path}/`.startsWith(`${path}/`);
}
