/** From an entry's name to its directory: the names of one path, over bytes, beside those of the path before. */
import type { Directory } from "../inode.ts";
import { LIMITS } from "../limits.ts";
import { nextSlash } from "../names.ts";
import { checkName, Violation } from "../validate.ts";
import { type Bytes, isEscaped, type JsonCursor, type TextRange } from "./json.ts";
import { sharedLength } from "./words.ts";

const DOT = 0x2e;

/** What to do at the names of a path. */
export interface PathVisitor {
	/** The directory of that name below `parent`, made if there is none; or throws. */
	enter(parent: Directory, name: string): Directory;
}

/**
 * Entries come in the order of a tree, mostly: nearly all of a path is that of the entry before, which still stands in
 * the window. So the two are compared, and only what is new is looked up.
 */
export class PathWalker {
	/** How many directories lead to the path walked last, without the root. Lists are not cut: that takes a call. */
	private depth = 0;
	/** The root, then those. */
	private readonly directories: Directory[] = [];
	/** Where in that path the name of each ends: at a slash. */
	private readonly ends: number[] = [];
	private readonly visitor: PathVisitor;
	/** That path's place in the document, and its length; 0 if its bytes cannot be compared. */
	private place = 0;
	private length = 0;
	private isAscii = true;
	/** The last name of the path walked last; "" if it was the root's. */
	name = "";

	constructor(visitor: PathVisitor) {
		this.visitor = visitor;
	}

	/** Begins at the root of a tree, and lets go of the one before. */
	begin(root: Directory): void {
		this.directories.length = 0;
		this.directories.push(root);
		this.depth = this.place = this.length = 0;
		this.name = "";
	}

	/** A directory of the way was replaced. */
	forget(): void {
		this.depth = 0;
	}

	/** Walks to the directory of a path's last name. Slashes and `.` in between mean nothing. */
	walk(cursor: JsonCursor, range: TextRange): Directory {
		this.isAscii = range.form === 0;
		if (isEscaped(range)) {
			const bytes = Buffer.from(cursor.text(range), "utf8") as Bytes;
			this.length = 0;
			return this.#walk(bytes, 0, bytes.length, 0);
		}
		const { bytes, base } = cursor;
		const { start, end } = range;
		const length = end - start;
		const last = this.place - base;
		// Of what has left the window nothing is known.
		const shared = last < 0 ? 0 : sharedLength(cursor.view, last, start, Math.min(length, this.length));
		this.place = base + start;
		this.length = length;
		return this.#walk(bytes, start, end, shared);
	}

	/** `shared` bytes are known to lead the way of the path before. */
	#walk(bytes: Bytes, start: number, end: number, shared: number): Directory {
		const known = this.#stay(shared);
		// Of the name met last, which may be the path's last.
		let from = -1;
		let to = -1;
		for (let at = start + known; at < end; ) {
			const stop = nextSlash(bytes, at, end);
			if (stop > at && !(stop === at + 1 && bytes[at] === DOT)) {
				if (from >= 0) this.#enter(this.#nameAt(bytes, from, to), to - start);
				from = at;
				to = stop;
			}
			at = stop + 1;
		}
		// The path's last name may be one of the way.
		if (from < 0 && known > 0) return this.#walk(bytes, start, end, known - 1);
		this.name = from < 0 ? "" : this.#nameAt(bytes, from, to);
		return this.directories[this.depth] as Directory;
	}

	/** Leaves the directories whose slash is not among so many bytes, and returns how many of these then lead the way. */
	#stay(shared: number): number {
		const { ends } = this;
		let { depth } = this;
		while (depth > 0 && (ends[depth - 1] as number) >= shared) depth--;
		this.depth = depth;
		return depth === 0 ? 0 : (ends[depth - 1] as number) + 1;
	}

	#enter(name: string, end: number): void {
		const { depth } = this;
		if (depth + 2 > LIMITS.depth) {
			const text = `a path has more than ${LIMITS.depth} levels`;
			throw new Violation("ERR_COMPOSEFS_TREE", "depth", text, LIMITS.depth, depth + 2);
		}
		this.directories[depth + 1] = this.visitor.enter(this.directories[depth] as Directory, name);
		this.ends[depth] = end;
		this.depth = depth + 1;
	}

	/** Names are valid UTF-8 here, so they are themselves as strings. */
	#nameAt(bytes: Bytes, start: number, end: number): string {
		const name = this.isAscii ? bytes.latin1Slice(start, end) : bytes.utf8Slice(start, end);
		// Without escapes there is no NUL, and slashes are between names.
		if (!this.isAscii || name.length > LIMITS.nameLength || name === "..") checkName(name);
		return name;
	}
}
