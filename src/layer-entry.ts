/** Entries of a layer, whether it comes as a tar or as a table of contents. */
import type { Inode } from "./inode.ts";

/** One entry of a layer, its content already put where it belongs. */
export type LayerEntry = InodeEntry | LinkEntry;

/** An inode at a path; of a whiteout (`.wh.…`), only the name counts. */
export interface InodeEntry {
	/** As in the archive: `./` in front and a slash at the end mean nothing. */
	readonly name: string;
	/** Becomes part of the tree. A directory has no children here: they are entries of their own. */
	readonly inode: Inode;
	readonly linkName?: undefined;
}

/** A further name of an inode that the layer has already, or that a lower layer has. */
export interface LinkEntry {
	readonly name: string;
	readonly inode?: undefined;
	/** The other name, from the root of the image. */
	readonly linkName: string;
}

export type LayerEntries = Iterable<LayerEntry> | AsyncIterable<LayerEntry>;
