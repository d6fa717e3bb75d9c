/** A tree as a table of contents: what composefs-from-json read, in the form that zstd:chunked has. */
import type { Inode, Tree } from "composefs";

const TYPES: Record<Exclude<Inode["type"], "socket">, string> = {
	file: "reg",
	directory: "dir",
	symlink: "symlink",
	"character-device": "char",
	"block-device": "block",
	fifo: "fifo",
};

/** The text, in pieces of some 64 KiB. */
export function* tocText(tree: Tree): Generator<Buffer> {
	const first = new Map<Inode, string>();
	let text = '{"version":1,"entries":[';
	let separator = "";
	for (const { path, inode } of tree.walk()) {
		text += separator + JSON.stringify(entry(path.slice(1), inode, first));
		separator = ",";
		if (text.length < 1 << 16) continue;
		yield Buffer.from(text);
		text = "";
	}
	yield Buffer.from(`${text}]}`);
}

function entry(path: string, inode: Inode, first: Map<Inode, string>): Record<string, unknown> {
	const target = first.get(inode);
	if (inode.type === "socket") throw new Error("there is no type for sockets");
	if (target !== undefined) return { type: "hardlink", name: path, linkName: target };
	if (inode.type === "file") first.set(inode, path);
	const fields: Record<string, unknown> = {
		type: TYPES[inode.type],
		name: inode.type === "directory" ? `${path}/` : path,
		mode: inode.mode,
		uid: inode.uid,
		gid: inode.gid,
		modtime: timeText(inode.mtimeNs),
	};
	if (inode.type === "symlink") fields.linkName = inode.target;
	if (inode.type === "file" && inode.content !== undefined) {
		fields.size = inode.content.length;
		fields["x-content"] = base64(inode.content);
	} else if (inode.type === "file") {
		fields.size = inode.size;
		fields.digest = `sha256:${inode.path?.replace("/", "")}`;
	}
	if ("rdev" in inode) Object.assign(fields, { devMajor: inode.rdev.major, devMinor: inode.rdev.minor });
	if (inode.xattrs !== undefined)
		fields.xattrs = Object.fromEntries([...inode.xattrs].map(([name, value]) => [name, base64(value)]));
	return fields;
}

/** Whole seconds, as in most layers. */
function timeText(mtimeNs: bigint): string {
	return `${new Date(Number(mtimeNs / 1_000_000n)).toISOString().slice(0, 19)}Z`;
}

function base64(bytes: Uint8Array): string {
	return Buffer.from(bytes).toString("base64");
}
