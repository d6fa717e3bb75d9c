/**
 * A tree becomes composefs-dump(5), byte for byte what `composefs-info dump` prints of its image: the order,
 * the escapes, and the numbers that only the image has, such as the sizes of directories.
 */
import { directorySize } from "../erofs.ts";
import { type Directory, fileSize, type Inode } from "../inode.ts";
import { InodeIndex } from "../inode-index.ts";
import { nameToBytes, sortNames } from "../names.ts";
import { packDevice, TYPE_BITS } from "../stat.ts";
import type { Tree } from "../tree.ts";
import { escapeName, escapeOptional, escapeXattr } from "./escape.ts";

const CHUNK_LENGTH = 1 << 16;

/** The dump as one string; see `formatDumpChunks` for trees of millions of inodes. */
export function formatDump(tree: Tree): string {
	return [...formatDumpChunks(tree)].join("");
}

/** An inode that is to be told of. */
interface Entry {
	/** Its path as it stands in the dump; "" for the root. */
	readonly path: string;
	readonly inode: Inode;
}

/** The dump in pieces of whole lines, all of them ASCII. */
export function* formatDumpChunks(tree: Tree): Generator<string, void, undefined> {
	const names = countNames(tree);
	const firstPaths = new Map<Inode, string>();
	const stack: Entry[] = [{ path: "", inode: tree.root }];
	let chunk = "";
	for (let entry = stack.pop(); entry !== undefined; entry = stack.pop()) {
		const { path, inode } = entry;
		if (inode.type === "directory") {
			chunk += formatLine(path || "/", inode, pushChildren(stack, path, inode), undefined, path === "");
		} else {
			const nlink = names.get(inode) ?? 1;
			const first = nlink > 1 ? firstPaths.get(inode) : undefined;
			if (nlink > 1 && first === undefined) firstPaths.set(inode, path);
			chunk += formatLine(path, inode, nlink, first, false);
		}
		if (chunk.length < CHUNK_LENGTH) continue;
		yield chunk;
		chunk = "";
	}
	if (chunk !== "") yield chunk;
}

/** Returns the directory's link count. */
function pushChildren(stack: Entry[], path: string, { children }: Directory): number {
	let links = 2;
	const names = sortNames([...children.keys()]);
	for (let i = names.length - 1; i >= 0; i--) {
		const name = names[i] as string;
		const inode = children.get(name) as Inode;
		if (inode.type === "directory") links++;
		stack.push({ path: `${path}/${escapeName(name)}`, inode });
	}
	return links;
}

/** How many names each inode has, for those that have several. */
function countNames(tree: Tree): Map<Inode, number> {
	const seen = new InodeIndex();
	const counts = new Map<Inode, number>();
	const pending: Directory[] = [tree.root];
	for (let directory = pending.pop(); directory !== undefined; directory = pending.pop())
		for (const inode of directory.children.values()) {
			if (inode.type === "directory") pending.push(inode);
			else if (seen.add(inode) !== undefined) counts.set(inode, (counts.get(inode) ?? 1) + 1);
		}
	return counts;
}

/** @param path, first   as they stand in the dump */
function formatLine(
	path: string,
	inode: Inode,
	nlink: number,
	first: string | undefined,
	isRoot: boolean,
): string {
	const at = first === undefined ? "" : "@";
	const mode = (TYPE_BITS[inode.type] | inode.mode).toString(8);
	const numbers = `${sizeOf(inode, isRoot)} ${at}${mode} ${nlink} ${inode.uid} ${inode.gid} ${rdevOf(inode)}`;
	const content = inode.type === "file" && inode.content?.length ? escapeOptional(inode.content) : "-";
	const digest = (inode.type === "file" && inode.size && inode.digest) || "-";
	const rest = `${first ?? payloadOf(inode)} ${content} ${digest}`;
	return `${path} ${numbers} ${formatTime(inode.mtimeNs)} ${rest}${formatXattrs(inode)}\n`;
}

function sizeOf(inode: Inode, isRoot: boolean): number {
	switch (inode.type) {
		case "directory":
			return directorySize(inode, isRoot);
		case "file":
			return fileSize(inode);
		case "symlink":
			return nameToBytes(inode.target).length;
		default:
			return 0;
	}
}

function rdevOf(inode: Inode): number {
	return inode.type === "character-device" || inode.type === "block-device" ? packDevice(inode.rdev) : 0;
}

function payloadOf(inode: Inode): string {
	if (inode.type === "symlink") return escapeOptional(inode.target);
	return inode.type === "file" && inode.size && inode.path ? escapeOptional(inode.path) : "-";
}

const NS_PER_SECOND = 1_000_000_000n;

/** Seconds rounded down, and the nanoseconds to add. */
function formatTime(time: bigint): string {
	let seconds = time / NS_PER_SECOND;
	let nanoseconds = time - seconds * NS_PER_SECOND;
	if (nanoseconds < 0n) {
		seconds--;
		nanoseconds += NS_PER_SECOND;
	}
	return `${seconds}.${nanoseconds}`;
}

/** In the order of the Map, which is that of the text or image they come from. */
function formatXattrs({ xattrs }: Inode): string {
	if (xattrs === undefined) return "";
	let text = "";
	for (const [name, value] of xattrs) text += ` ${escapeXattr(name)}=${escapeXattr(value)}`;
	return text;
}
