/** From the path of a line to its directory. */
import type { Bytes } from "../byte-pool.ts";
import type { Directory } from "../inode.ts";
import { bytesToName, nextSlash } from "../names.ts";

const SLASH = 0x2f;
const FIRST_CAPACITY = 1 << 12;

/**
 * The directories on the way to the line at hand. Lines come in the order of a walk, so nearly all of a path is that of
 * the line before: it is compared as bytes, and only names that are new are looked up. No path is ever a string.
 */
export class DirectoryStack {
	/** The root, and the directories below it on the way. */
	readonly #directories: Directory[] = [];
	/** The path that was asked for last, as far as it has directories, and where those of each of them end in it. */
	#path = new Uint8Array(FIRST_CAPACITY);
	readonly #ends: number[] = [0];

	/** Begins at the root of a tree, and lets go of the one before. */
	begin(root: Directory): void {
		this.forget();
		this.#directories.push(root);
	}

	forget(): void {
		this.#directories.length = 0;
		this.#ends.length = 1;
	}

	/**
	 * The directory whose path is in `bytes[start]` to `bytes[end - 1]`, or undefined if there is none, or no root. A
	 * slash in front may be missing, and slashes may be doubled: both are mkcomposefs's leniency.
	 */
	find(bytes: Bytes, start: number, end: number, isAscii: boolean): Directory | undefined {
		const known = this.#ends[this.#ends.length - 1] as number;
		const common = this.#commonLength(bytes, start, Math.min(end - start, known));
		if (common < known || !isBoundary(bytes, start + known, end)) this.#leave(bytes, start, end, common);
		return this.#enter(bytes, start, end, isAscii);
	}

	#commonLength(bytes: Uint8Array, start: number, limit: number): number {
		const path = this.#path;
		let length = 0;
		while (length < limit && path[length] === bytes[start + length]) length++;
		return length;
	}

	/** Goes up to a directory that is on this path too. */
	#leave(bytes: Uint8Array, start: number, end: number, common: number): void {
		const ends = this.#ends;
		let top = ends.length - 1;
		for (; top > 0; top--) {
			const length = ends[top] as number;
			if (length <= common && isBoundary(bytes, start + length, end)) break;
		}
		ends.length = top + 1;
		this.#directories.length = top + 1;
	}

	/** Goes down by the names that are left. */
	#enter(bytes: Bytes, start: number, end: number, isAscii: boolean): Directory | undefined {
		const top = this.#directories[this.#directories.length - 1];
		if (top === undefined) return undefined;
		let directory: Directory = top;
		let at = start + (this.#ends[this.#ends.length - 1] as number);
		while (at < end) {
			if (bytes[at] === SLASH) {
				at++;
				continue;
			}
			const stop = nextSlash(bytes, at, end);
			const name = isAscii ? bytes.latin1Slice(at, stop) : bytesToName(bytes.subarray(at, stop));
			const inode = directory.children.get(name);
			if (inode?.type !== "directory") return undefined;
			directory = inode;
			this.#push(directory, bytes, start, stop);
			at = stop;
		}
		return directory;
	}

	#push(directory: Directory, bytes: Uint8Array, start: number, stop: number): void {
		const from = this.#ends[this.#ends.length - 1] as number;
		const to = stop - start;
		if (to > this.#path.length) {
			const larger = new Uint8Array(2 * to);
			larger.set(this.#path);
			this.#path = larger;
		}
		for (let n = from; n < to; n++) this.#path[n] = bytes[start + n] as number;
		this.#ends.push(to);
		this.#directories.push(directory);
	}
}

/** True if a name ends in front of that place. */
function isBoundary(bytes: Uint8Array, at: number, end: number): boolean {
	return at === end || bytes[at] === SLASH;
}
