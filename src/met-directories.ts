/** For walks that pass no gate: each directory is met once, or they might not end. */
import { ComposefsError } from "./errors.ts";
import type { Directory, Inode } from "./inode.ts";

/** The directories that a walk has met. One that is met again is in itself, or has two names. */
export class MetDirectories {
	readonly #met = new Set<Inode>();

	/** @throws ComposefsError `ERR_COMPOSEFS_TREE`, rule `directory-linked` */
	add(directory: Directory): void {
		if (this.#met.size < this.#met.add(directory).size) return;
		const text = "a directory has several names, or contains itself: validate(tree) says where";
		throw new ComposefsError("ERR_COMPOSEFS_TREE", text, { rule: "directory-linked" });
	}
}
