/**
 * Whiteouts and opaque marks of a layer, by the directories that they stand in. They act on lower layers only, so
 * they are kept apart from what the layer holds itself: then their place in the archive means nothing.
 */
import { ociError } from "./fault.ts";

/** What a layer takes away in one directory, and below it. */
export interface Marks {
	/** Nothing of the lower directory is left. */
	opaque: boolean;
	/** Names that lower layers lose. */
	readonly removed: Set<string>;
	readonly below: Map<string, Marks>;
}

export function noMarks(): Marks {
	return { opaque: false, removed: new Set(), below: new Map() };
}

const PREFIX = ".wh.";
const AUFS_PREFIX = ".wh..wh.";
const OPAQUE = ".wh..wh..opq";

/** What the names of an entry say of it. */
export type EntryKind =
	| { readonly kind: "entry" }
	/** A name in its directory, or with undefined all of them, is not to come from lower layers. */
	| { readonly kind: "mark"; readonly removed: string | undefined }
	/** What AUFS kept for itself: no part of the image, but hard links may lead there. */
	| { readonly kind: "aufs" };

const ENTRY: EntryKind = { kind: "entry" };
const AUFS: EntryKind = { kind: "aufs" };

/**
 * Names that begin with `.wh.` are reserved, whatever the type of their entry.
 *
 * @throws ComposefsError `ERR_COMPOSEFS_OCI`, rule `whiteout-name` or `whiteout-parent`
 */
export function kindOfEntry(names: readonly string[], path: string): EntryKind {
	if (!path.includes(PREFIX)) return ENTRY;
	const last = names.length - 1;
	for (const [at, name] of names.entries()) {
		if (!name.startsWith(PREFIX)) continue;
		if (name === OPAQUE && at === last) return { kind: "mark", removed: undefined };
		if (name.startsWith(AUFS_PREFIX)) return AUFS;
		if (at < last) throw ociError("whiteout-parent", `${path}: an entry below a whiteout`, { path });
		return { kind: "mark", removed: removedName(name, path) };
	}
	return ENTRY;
}

function removedName(name: string, path: string): string {
	const removed = name.slice(PREFIX.length);
	// The directory itself would go, or the one above it.
	if (removed === "" || removed === "." || removed === "..")
		throw ociError("whiteout-name", `${path}: a whiteout of ${JSON.stringify(removed)}`, { path });
	return removed;
}

/** The marks of a directory, made where there are none; `made` is told how many were. */
export function marksAt(root: Marks, names: readonly string[], made: () => void): Marks {
	let at = root;
	for (const name of names) {
		let below = at.below.get(name);
		if (below === undefined) {
			below = noMarks();
			at.below.set(name, below);
			made();
		}
		at = below;
	}
	return at;
}
