/** Directories, made from others. */
import type { Directory } from "../inode.ts";

/** What a directory is that no entry describes: as tables of contents and unpackers have it. */
export function impliedDirectory(): Directory {
	const xattrs = undefined;
	return { type: "directory", mode: 0o755, uid: 0, gid: 0, mtimeNs: 0n, xattrs, children: new Map() };
}

/** A directory like another, with nothing in it. */
export function emptyAs({ mode, uid, gid, mtimeNs, xattrs }: Directory): Directory {
	return { type: "directory", mode, uid, gid, mtimeNs, xattrs, children: new Map() };
}

const NAMES_PER_STEP = 256;

/** A directory like another, with the same children. Yields every few hundred names. */
export function* copyOf(directory: Directory): Generator<undefined, Directory, undefined> {
	const copy = emptyAs(directory);
	for (const [name, inode] of directory.children) {
		copy.children.set(name, inode);
		if (copy.children.size % NAMES_PER_STEP === 0) yield;
	}
	return copy;
}
