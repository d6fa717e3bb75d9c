/**
 * A tree becomes composefs-dump(5), byte for byte what `composefs-info dump` prints of its image: the order,
 * the escapes, and the numbers that only the image has, such as the sizes of directories.
 */
import { constants } from "node:buffer";
import { directorySize } from "../erofs.ts";
import { argumentError } from "../errors.ts";
import type { Directory, Inode } from "../inode.ts";
import { InodeIndex } from "../inode-index.ts";
import { MetDirectories } from "../met-directories.ts";
import { sortNames } from "../names.ts";
import { checkIsTree, type Tree } from "../tree.ts";
import { DumpLines } from "./lines.ts";

const CHUNK_LENGTH = 1 << 16;

/**
 * The dump as one string; see `formatDumpChunks` for trees of millions of inodes.
 *
 * @throws ComposefsError `ERR_COMPOSEFS_ARGUMENT`, if it is longer than a string can be: some 512 MiB; `ERR_COMPOSEFS_TREE` for
 *   a directory that has two names or contains itself
 */
export function formatDump(tree: Tree): string {
	const limit = constants.MAX_STRING_LENGTH;
	const chunks: string[] = [];
	let length = 0;
	for (const chunk of formatDumpChunks(tree)) {
		length += chunk.length;
		if (length > limit) {
			const text = "the dump is longer than a string can be: formatDumpChunks gives it in pieces";
			throw argumentError(text, { limit });
		}
		chunks.push(chunk);
	}
	return chunks.join("");
}

/** An inode that is to be told of. */
interface Entry {
	readonly name: string;
	/** 0 for the root */
	readonly depth: number;
	readonly inode: Inode;
}

/** The dump in pieces of whole lines, all of them ASCII. */
export function* formatDumpChunks(tree: Tree): Generator<string, void, undefined> {
	checkIsTree(tree);
	const names = countNames(tree);
	const lines = new DumpLines(2 * CHUNK_LENGTH);
	const stack: Entry[] = [{ name: "", depth: 0, inode: tree.root }];
	for (let entry = stack.pop(); entry !== undefined; entry = stack.pop()) {
		const { name, depth, inode } = entry;
		if (inode.type === "directory") {
			const children = sortNames([...inode.children.keys()]);
			const links = pushChildren(stack, depth + 1, inode, children);
			lines.directory(name, inode, depth, links, directorySize(children, depth === 0));
		} else lines.other(name, inode, depth, names.get(inode) ?? 1);
		if (lines.length >= CHUNK_LENGTH) yield lines.takeString();
	}
	if (lines.length > 0) yield lines.takeString();
}

/** What is in a directory, the first name uppermost. Returns the directory's link count. */
function pushChildren(
	stack: Entry[],
	depth: number,
	{ children }: Directory,
	names: readonly string[],
): number {
	let links = 2;
	for (let i = names.length - 1; i >= 0; i--) {
		const name = names[i] as string;
		const inode = children.get(name) as Inode;
		if (inode.type === "directory") links++;
		stack.push({ name, depth, inode });
	}
	return links;
}

/** How many names each inode has, for those that have several. */
function countNames(tree: Tree): Map<Inode, number> {
	const met = new MetDirectories();
	const seen = new InodeIndex();
	const counts = new Map<Inode, number>();
	const pending: Directory[] = [tree.root];
	for (let directory = pending.pop(); directory !== undefined; directory = pending.pop()) {
		met.add(directory);
		for (const inode of directory.children.values()) {
			if (inode.type === "directory") pending.push(inode);
			else if (seen.add(inode) !== undefined) counts.set(inode, (counts.get(inode) ?? 1) + 1);
		}
	}
	return counts;
}
