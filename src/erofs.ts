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
	const names = new Set([...directory.children.keys(), ".", ".."]);
	if (isRoot) for (const name of STORE_FOLDERS) names.add(name);
	let blocks = 0;
	let used = 0;
	for (const name of sortNames([...names])) {
		const size = DIRENT_SIZE + byteLength(name);
		if (used + size > BLOCK_SIZE) {
			blocks++;
			used = 0;
		}
		used += size;
	}
	return used > BLOCK_SIZE / 2 ? (blocks + 1) * BLOCK_SIZE : blocks * BLOCK_SIZE + used;
}

const STORE_FOLDERS = Array.from({ length: 256 }, (_, n) => n.toString(16).padStart(2, "0"));

function byteLength(name: string): number {
	return name.isWellFormed() ? Buffer.byteLength(name, "utf8") : nameToBytes(name).length;
}
