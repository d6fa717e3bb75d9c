/** Trees as plain values, with the bytes of all contents: to compare trees whose files are kept in different places. */
import type { ExternalFile, Inode } from "../../src/inode.ts";
import type { Tree } from "../../src/tree.ts";

const latin1 = (bytes: Uint8Array) => Buffer.from(bytes).toString("latin1");

/** One line of values for each name, in the order of a walk; a hard link names the first name of its inode. */
export async function describeTree(
	tree: Tree,
	contentOf: (file: ExternalFile) => Promise<Uint8Array> | Uint8Array,
): Promise<unknown[]> {
	const first = new Map<Inode, string>();
	const described: unknown[] = [];
	for (const { path, inode } of tree.walk()) {
		const known = first.get(inode);
		if (known === undefined) first.set(inode, path);
		described.push(known === undefined ? await describeInode(path, inode, contentOf) : [path, known]);
	}
	return described;
}

async function describeInode(
	path: string,
	inode: Inode,
	contentOf: (file: ExternalFile) => Promise<Uint8Array> | Uint8Array,
): Promise<unknown> {
	const { type, mode, uid, gid, mtimeNs } = inode;
	const xattrs = [...(inode.xattrs ?? [])].map(([name, value]) => [name, latin1(value)]).sort();
	const own =
		inode.type === "file"
			? latin1(inode.content ?? (await contentOf(inode)))
			: inode.type === "symlink"
				? inode.target
				: "rdev" in inode
					? [inode.rdev.major, inode.rdev.minor]
					: undefined;
	return [path, type, mode, uid, gid, mtimeNs, xattrs, own];
}
