/** From an entry's name to its directory: the names of one path, over bytes, beside those of the path before. */
import type { Directory } from "../inode.ts";
import { LIMITS } from "../limits.ts";
import { checkName, Violation } from "../validate.ts";
import { type Bytes, isEscaped, type JsonCursor, type TextRange } from "./json.ts";

const SLASH = 0x2f;
const DOT = 0x2e;

/** What to do at the names of a path. */
export interface PathVisitor {
	/** The directory of that name below `parent`, made if there is none; or throws. */
	enter(parent: Directory, name: string): Directory;
}

/**
 * Entries come in the order of a tree, mostly: nearly all of a path is that of the entry before, so it is
 * compared as bytes, and only what is new is looked up.
 */
export class PathWalker {
	/** Bytes of the names of the directories on the way, and where each ends. */
	#bytes: Bytes = Buffer.alloc(1 << 13) as Bytes;
	readonly #ends: number[] = [];
	/** The root, and the directories on the way. */
	readonly #directories: Directory[];
	readonly #visitor: PathVisitor;
	#isAscii = true;
	/** The last name of the path walked last; "" if it was the root's. */
	name = "";

	constructor(root: Directory, visitor: PathVisitor) {
		this.#directories = [root];
		this.#visitor = visitor;
	}

	/** A directory of the way was replaced. */
	forget(): void {
		this.#directories.length = 1;
		this.#ends.length = 0;
	}

	/** Walks to the directory of a path's last name. Slashes and `.` in between mean nothing. */
	walk(cursor: JsonCursor, range: TextRange): Directory {
		this.#isAscii = range.form === 0;
		if (!isEscaped(range)) return this.#walk(cursor.bytes, range.start, range.end);
		const bytes = Buffer.from(cursor.text(range), "utf8") as Bytes;
		return this.#walk(bytes, 0, bytes.length);
	}

	#walk(bytes: Bytes, start: number, end: number): Directory {
		let depth = 0;
		// Of the name met last, which may be the path's last.
		let from = -1;
		let to = -1;
		for (let at = start; at < end; ) {
			const stop = nextSlash(bytes, at, end);
			if (stop > at && !(stop === at + 1 && bytes[at] === DOT)) {
				if (from >= 0) this.#enter(depth++, bytes, from, to);
				from = at;
				to = stop;
			}
			at = stop + 1;
		}
		this.name = from < 0 ? "" : this.#nameAt(bytes, from, to);
		return this.#directories[depth] as Directory;
	}

	#enter(depth: number, bytes: Bytes, start: number, end: number): void {
		if (depth < this.#ends.length) {
			if (this.#isKnown(depth, bytes, start, end)) return;
			this.#ends.length = depth;
			this.#directories.length = depth + 1;
		}
		if (depth + 2 > LIMITS.depth) {
			const text = `a path has more than ${LIMITS.depth} levels`;
			throw new Violation("ERR_COMPOSEFS_TREE", "depth", text, LIMITS.depth, depth + 2);
		}
		const name = this.#nameAt(bytes, start, end);
		const directory = this.#visitor.enter(this.#directories[depth] as Directory, name);
		const from = depth === 0 ? 0 : (this.#ends[depth - 1] as number);
		const to = from + end - start;
		if (to > this.#bytes.length) {
			const larger = Buffer.alloc(2 * to) as Bytes;
			this.#bytes.copy(larger, 0, 0, from);
			this.#bytes = larger;
		}
		bytes.copy(this.#bytes, from, start, end);
		this.#ends.push(to);
		this.#directories.push(directory);
	}

	/** Names are valid UTF-8 here, so they are themselves as strings. */
	#nameAt(bytes: Bytes, start: number, end: number): string {
		const name = this.#isAscii ? bytes.latin1Slice(start, end) : bytes.utf8Slice(start, end);
		// Without escapes there is no NUL, and slashes are between names.
		if (!this.#isAscii || name.length > LIMITS.nameLength || name === "..") checkName(name);
		return name;
	}

	#isKnown(depth: number, bytes: Bytes, start: number, end: number): boolean {
		const from = depth === 0 ? 0 : (this.#ends[depth - 1] as number);
		if ((this.#ends[depth] as number) - from !== end - start) return false;
		const known = this.#bytes;
		for (let n = 0; n < end - start; n++) if (known[from + n] !== bytes[start + n]) return false;
		return true;
	}
}

function nextSlash(bytes: Uint8Array, start: number, end: number): number {
	let at = start;
	while (at < end && bytes[at] !== SLASH) at++;
	return at;
}
