/** Numbers that follow from how an image is laid out (EROFS as libcomposefs writes it). */
import type { Directory } from "./inode.ts";
import { nameToBytes, sortNames } from "./names.ts";

const BLOCK_SIZE = 4096;
const DIRENT_SIZE = 12;

/**
 * Bytes of a directory in an image: entries of 12 bytes and their names, `.` and `..` among them, packed into
 * blocks in the order of their bytes; what is left over stands behind the inode unless it fills more than half
 * a block. The root also has a whiteout for each of `00` to `ff` that is not taken: they hide the folders of
 * an object store below it.
 */
export function directorySize(directory: Directory, isRoot: boolean): number {
	const { children } = directory;
	let total = entrySize(".") + entrySize("..");
	for (const name of children.keys()) total += entrySize(name);
	if (isRoot) for (const name of STORE_FOLDERS) if (!children.has(name)) total += entrySize(name);
	// In what fits into a block, the order means nothing.
	if (total <= BLOCK_SIZE) return total > BLOCK_SIZE / 2 ? BLOCK_SIZE : total;
	return packedSize(new Set([...children.keys(), ".", "..", ...(isRoot ? STORE_FOLDERS : [])]));
}

function packedSize(names: Set<string>): number {
	let blocks = 0;
	let used = 0;
	for (const name of sortNames([...names])) {
		const size = entrySize(name);
		if (used + size > BLOCK_SIZE) {
			blocks++;
			used = 0;
		}
		used += size;
	}
	return used > BLOCK_SIZE / 2 ? (blocks + 1) * BLOCK_SIZE : blocks * BLOCK_SIZE + used;
}

const STORE_FOLDERS = Array.from({ length: 256 }, (_, n) => n.toString(16).padStart(2, "0"));

function entrySize(name: string): number {
	return DIRENT_SIZE + (name.isWellFormed() ? Buffer.byteLength(name, "utf8") : nameToBytes(name).length);
}
