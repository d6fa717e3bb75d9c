/** Inodes as JSON: plain values, bytes as base64, times as decimal strings of nanoseconds. */
import type { Inode } from "../inode.ts";
import type { LinkNames } from "./links.ts";

/** `link`: the first name of an inode with several, which all of them have: a list of all would take the square of their number. */
export function inodeToJson(path: string, inode: Inode, names: LinkNames): Record<string, unknown> {
	const { type, mode, uid, gid, mtimeNs, xattrs } = inode;
	return {
		path,
		type,
		mode,
		uid,
		gid,
		mtimeNs,
		...details(inode),
		...(xattrs && { xattrs: Object.fromEntries([...xattrs].map(([name, value]) => [name, base64(value)])) }),
		link: names.first(inode),
	};
}

function details(inode: Inode): Record<string, unknown> {
	if (inode.type === "symlink") return { target: inode.target };
	if ("rdev" in inode) return { rdev: inode.rdev };
	if (inode.type !== "file") return {};
	if (inode.content !== undefined) return { size: inode.content.length, content: base64(inode.content) };
	return { size: inode.size, digest: inode.digest, object: inode.path };
}

function base64(bytes: Uint8Array): string {
	return Buffer.from(bytes).toString("base64");
}
