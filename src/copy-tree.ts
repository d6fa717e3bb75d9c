/** `copyTree`: a tree once more, to be changed while the first stays as it is. */
import { type Directory, directory, type Inode, type Metadata } from "./inode.ts";
import { MetDirectories } from "./met-directories.ts";
import { runInSlices } from "./slices.ts";
import { checkIsTree, Tree } from "./tree.ts";

/**
 * Copies a tree with all of its inodes: names of one inode are names of one copy. Bytes of contents and xattrs are
 * shared: they are replaced, not changed in place.
 *
 * @throws ComposefsError `ERR_COMPOSEFS_TREE` for a directory that has two names or contains itself; the reason of
 *   `signal`
 */
export async function copyTree(
	tree: Tree,
	{ signal }: { readonly signal?: AbortSignal | undefined } = {},
): Promise<Tree> {
	checkIsTree(tree);
	return new Tree(await runInSlices(copied(tree.root), signal));
}

/** Yields after each name. */
function* copied(root: Directory): Generator<undefined, Directory, undefined> {
	const top = directory(root);
	const copies = new Map<Inode, Inode>();
	const met = new MetDirectories();
	const pending = [{ from: root, to: top }];
	for (let at = pending.pop(); at !== undefined; at = pending.pop()) {
		met.add(at.from);
		for (const [name, inode] of at.from.children) {
			yield;
			if (inode.type === "directory") {
				const to = directory(inode);
				at.to.children.set(name, to);
				pending.push({ from: inode, to });
				continue;
			}
			const copy = copies.get(inode) ?? copyOf(inode);
			copies.set(inode, copy);
			at.to.children.set(name, copy);
		}
	}
	return top;
}

/** Every field written out: see `inode.ts`. */
function copyOf(inode: Exclude<Inode, Directory>): Inode {
	const { mode, uid, gid, mtimeNs } = inode;
	const xattrs = copyXattrs(inode);
	const none = undefined;
	switch (inode.type) {
		case "file": {
			const { content, size, digest, path } = inode;
			if (content === undefined)
				return { type: "file", mode, uid, gid, mtimeNs, xattrs, content: none, size, digest, path };
			return { type: "file", mode, uid, gid, mtimeNs, xattrs, content, size: none, digest: none, path: none };
		}
		case "symlink":
			return { type: "symlink", mode, uid, gid, mtimeNs, xattrs, target: inode.target };
		case "fifo":
		case "socket":
			return { type: inode.type, mode, uid, gid, mtimeNs, xattrs };
		default:
			return { type: inode.type, mode, uid, gid, mtimeNs, xattrs, rdev: { ...inode.rdev } };
	}
}

function copyXattrs({ xattrs }: Metadata): Metadata["xattrs"] {
	return xattrs && new Map(xattrs);
}
