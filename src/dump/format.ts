/**
 * A tree becomes composefs-dump(5), byte for byte what `composefs-info dump` prints of its image: the order,
 * the escapes, and the numbers that only the image has, such as the sizes of directories.
 */
import { directorySize } from "../erofs.ts";
import { type Directory, fileSize, type Inode } from "../inode.ts";
import { nameToBytes } from "../names.ts";
import { packDevice, TYPE_BITS } from "../stat.ts";
import type { Tree } from "../tree.ts";
import { escapeName, escapeOptional, escapeXattr } from "./escape.ts";

const CHUNK_LENGTH = 1 << 16;

/** The dump as one string; see `formatDumpChunks` for trees of millions of inodes. */
export function formatDump(tree: Tree): string {
	return [...formatDumpChunks(tree)].join("");
}

/** The dump in pieces of whole lines, all of them ASCII. */
export function* formatDumpChunks(tree: Tree): Generator<string, void, undefined> {
	const names = countNames(tree);
	const firstPaths = new Map<Inode, string>();
	let chunk = "";
	for (const { path, inode } of tree.walk()) {
		const nlink = inode.type === "directory" ? linksOf(inode) : (names.get(inode) ?? 1);
		const first = firstPaths.get(inode);
		if (first === undefined && nlink > 1 && inode.type !== "directory") firstPaths.set(inode, path);
		chunk += formatLine(path, inode, nlink, first, inode === tree.root);
		if (chunk.length < CHUNK_LENGTH) continue;
		yield chunk;
		chunk = "";
	}
	if (chunk !== "") yield chunk;
}

/** How many names each inode has, for those that have several. */
function countNames(tree: Tree): Map<Inode, number> {
	const seen = new Set<Inode>();
	const counts = new Map<Inode, number>();
	const pending: Directory[] = [tree.root];
	for (let directory = pending.pop(); directory !== undefined; directory = pending.pop())
		for (const inode of directory.children.values()) {
			if (inode.type === "directory") pending.push(inode);
			else if (seen.has(inode)) counts.set(inode, (counts.get(inode) ?? 1) + 1);
			else seen.add(inode);
		}
	return counts;
}

function linksOf(directory: Directory): number {
	let links = 2;
	for (const child of directory.children.values()) if (child.type === "directory") links++;
	return links;
}

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
	const payload = first ?? payloadOf(inode);
	const content = inode.type === "file" && inode.content?.length ? escapeOptional(inode.content) : "-";
	const digest = (inode.type === "file" && inode.size && inode.digest) || "-";
	const rest = `${payload === undefined ? "-" : escapeOptional(payload)} ${content} ${digest}`;
	return `${escapeName(path)} ${numbers} ${formatTime(inode.mtimeNs)} ${rest}${formatXattrs(inode)}\n`;
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

function payloadOf(inode: Inode): string | undefined {
	if (inode.type === "symlink") return inode.target;
	return inode.type === "file" && inode.size ? inode.path : undefined;
}

/** Seconds rounded down, and the nanoseconds to add. */
function formatTime(time: bigint): string {
	const nanoseconds = ((time % NS_PER_SECOND) + NS_PER_SECOND) % NS_PER_SECOND;
	return `${(time - nanoseconds) / NS_PER_SECOND}.${nanoseconds}`;
}

const NS_PER_SECOND = 1_000_000_000n;
/** In the order of the Map, which is that of the text or image they come from. */
function formatXattrs({ xattrs }: Inode): string {
	if (xattrs === undefined) return "";
	let text = "";
	for (const [name, value] of xattrs) text += ` ${escapeXattr(name)}=${escapeXattr(value)}`;
	return text;
}
