/** What a tree holds, as plain values that can be compared: also which names share an inode. */
import type { Inode } from "../../src/inode.ts";
import type { Tree } from "../../src/tree.ts";

export interface ListedName {
	readonly path: string;
	/** Of the inode, in the order of the walk. */
	readonly number: number;
	readonly [field: string]: unknown;
}

export function listing(tree: Tree): ListedName[] {
	const numbers = new Map<Inode, number>();
	return Array.from(tree.walk(), ({ path, inode }) => {
		const number = numbers.get(inode) ?? numbers.size;
		numbers.set(inode, number);
		return { path, number, ...plain(inode) };
	});
}

/** Maps and byte arrays as text: of one kind, whatever they came from, and quick to compare. */
function plain(inode: Inode): Record<string, unknown> {
	const { xattrs, ...fields } = inode;
	const listed: Record<string, unknown> = { ...fields, xattrs: listedXattrs(xattrs) };
	if (inode.type === "directory") listed.children = inode.children.size;
	if (inode.type === "file" && inode.content !== undefined) listed.content = hex(inode.content);
	return listed;
}

function listedXattrs(xattrs: Inode["xattrs"]): string[] {
	return Array.from(xattrs ?? [], ([name, value]) => `${JSON.stringify(name)}=${hex(value)}`).sort();
}

function hex(bytes: Uint8Array): string {
	return Buffer.from(bytes).toString("hex");
}
