/** Entries of a tar become entries of a layer. */
import type { Inode } from "../inode.ts";
import type { TarEntry } from "../tar/entry.ts";
import type { Contents } from "./contents.ts";
import { ociError } from "./fault.ts";
import type { LayerEntry } from "./layer.ts";

/**
 * The entries of a layer's tar, in its order. A hard link's own metadata counts for nothing: it is that of the inode.
 *
 * @param contents   takes the contents; digests are in the inodes when it is settled
 * @param fileLimit   bytes of one file, its holes included
 */
export async function* tarLayer(
	entries: AsyncIterable<TarEntry>,
	contents: Contents,
	fileLimit: number,
): AsyncGenerator<LayerEntry> {
	for await (const entry of entries) {
		const { name, type, size } = entry;
		if (size > fileLimit) {
			const text = `${name}: takes ${size} bytes, the limit of a file is ${fileLimit}`;
			throw ociError("file-size", text, { path: name, limit: fileLimit, actual: size });
		}
		if (type === "hardlink") yield { name, linkName: entry.linkName };
		else yield { name, inode: type === "file" ? await contents.file(entry) : inodeOf(entry, type) };
	}
}

function inodeOf(entry: TarEntry, type: Exclude<TarEntry["type"], "file" | "hardlink">): Inode {
	const { mode, uid, gid, mtimeNs, xattrs } = entry;
	switch (type) {
		case "directory":
			return { type, mode, uid, gid, mtimeNs, xattrs, children: new Map() };
		case "symlink":
			return { type, mode, uid, gid, mtimeNs, xattrs, target: entry.linkName };
		case "fifo":
			return { type, mode, uid, gid, mtimeNs, xattrs };
		default:
			return { type, mode, uid, gid, mtimeNs, xattrs, rdev: entry.rdev };
	}
}
