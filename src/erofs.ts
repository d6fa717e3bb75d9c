/** Numbers that follow from how an image is laid out (EROFS as libcomposefs writes it). */
import { byteLength, sortNames } from "./names.ts";

const BLOCK_SIZE = 4096;
const DIRENT_SIZE = 12;

/**
 * Bytes of a directory in an image: entries of 12 bytes and their names, `.` and `..` among them, packed into
 * blocks in the order of their bytes; what is left over stands behind the inode unless it fills more than half
 * a block. The root also has a whiteout for each of `00` to `ff` that is not taken: they hide the folders of
 * an object store below it.
 *
 * @param names   of what is in it, each once; what every directory has may be among them or not
 */
export function directorySize(names: readonly string[], isRoot: boolean): number {
	let total = isRoot ? ROOT_ENTRIES : DOT_ENTRIES;
	for (const name of names) if (!isThere(name, isRoot)) total += entrySize(name);
	// In what fits into a block, the order means nothing.
	if (total <= BLOCK_SIZE) return total > BLOCK_SIZE / 2 ? BLOCK_SIZE : total;
	return packedSize(new Set([...names, ".", "..", ...(isRoot ? STORE_FOLDERS : [])]));
}

/** Every directory has it, or every root. */
function isThere(name: string, isRoot: boolean): boolean {
	return name.length < 3 && (name === "." || name === ".." || (isRoot && /^[0-9a-f]{2}$/.test(name)));
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
const DOT_ENTRIES = 2 * DIRENT_SIZE + 3;
const ROOT_ENTRIES = DOT_ENTRIES + STORE_FOLDERS.length * (DIRENT_SIZE + 2);

function entrySize(name: string): number {
	return DIRENT_SIZE + byteLength(name);
}
