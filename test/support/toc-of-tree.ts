/** A tree as entries of a table of contents, with the keys that composefs-from-json knew. */
import type { Inode } from "../../src/inode.ts";
import { compareNames } from "../../src/names.ts";
import type { Tree } from "../../src/tree.ts";
import type { Json } from "./toc.ts";

const TYPES: Readonly<Record<Inode["type"], string | undefined>> = {
	file: "reg",
	directory: "dir",
	symlink: "symlink",
	"character-device": "char",
	"block-device": "block",
	fifo: "fifo",
	socket: undefined,
};

const NS = 1_000_000_000n;
const FIRST = BigInt(Date.UTC(100, 0)) * 1_000_000n;
const LAST = BigInt(Date.UTC(9999, 0)) * 1_000_000n;

/** Undefined if JSON cannot say it: sockets, bytes that are not UTF-8, times beyond four-digit years. */
export function entriesOf(tree: Tree): Json[] | undefined {
	const first = new Map<Inode, string>();
	const entries: Json[] = [];
	for (const { path, inode } of tree.walk()) {
		const target = first.get(inode);
		if (target === undefined) first.set(inode, path);
		const entry =
			target === undefined ? entryOf(path, inode) : { type: "hardlink", name: path, linkName: target };
		if (entry === undefined || !isText(entry)) return undefined;
		entries.push(entry);
	}
	return entries;
}

function isText(value: unknown): boolean {
	if (typeof value === "string") return value.isWellFormed();
	if (typeof value !== "object" || value === null) return true;
	return Object.entries(value).every(([key, child]) => key.isWellFormed() && isText(child));
}

function entryOf(path: string, inode: Inode): Json | undefined {
	const { mode, uid, gid, mtimeNs, xattrs } = inode;
	const type = TYPES[inode.type];
	if (type === undefined || mtimeNs < FIRST || mtimeNs > LAST) return undefined;
	const entry: Json = { type, name: path, mode, uid, gid, modtime: timeText(mtimeNs) };
	if (xattrs !== undefined)
		entry.xattrs = Object.fromEntries(
			Array.from(xattrs, ([name, value]) => [name, Buffer.from(value).toString("base64")] as const).sort(
				([a], [b]) => compareNames(a, b),
			),
		);
	if (inode.type === "symlink") entry.linkName = inode.target;
	if ("rdev" in inode) Object.assign(entry, { devMajor: inode.rdev.major, devMinor: inode.rdev.minor });
	if (inode.type !== "file") return entry;
	if (inode.content !== undefined)
		return inode.content.length === 0
			? entry
			: { ...entry, "x-content": Buffer.from(inode.content).toString("base64") };
	if (inode.digest !== undefined || inode.size === 0 || inode.size === 2 ** 53) return undefined;
	return { ...entry, size: inode.size, ...(inode.path !== undefined && { "x-payload": inode.path }) };
}

function timeText(mtimeNs: bigint): string {
	const nanoseconds = ((mtimeNs % NS) + NS) % NS;
	const seconds = new Date(Number((mtimeNs - nanoseconds) / 1_000_000n)).toISOString().slice(0, 19);
	return `${seconds}.${String(nanoseconds).padStart(9, "0")}Z`;
}
