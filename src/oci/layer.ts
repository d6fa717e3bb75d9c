/** What a layer is made of, whether it comes as a tar or as a table of contents. */
import { abortable } from "../abortable.ts";
import type { Directory, Inode } from "../inode.ts";
import type { LayerEntries } from "../layer-entry.ts";
import { fillLimits } from "../limits.ts";
import { Slices } from "../slices.ts";
import { LayerBudget } from "./layer-budget.ts";
import { LayerBuilder } from "./layer-builder.ts";
import type { Marks } from "./marks.ts";

export type { InodeEntry, LayerEntries, LayerEntry, LinkEntry } from "../layer-entry.ts";

/** A layer that has been read: what it holds, and what it takes away from the layers below it. */
export interface Layer {
	/** What the layer holds, by itself. */
	readonly root: Directory;
	/** Directories that have no entry, only entries below them: where there is a lower one, that stays as it is. */
	readonly implicit: ReadonlySet<Directory>;
	readonly marks: Marks;
	/** Stand-ins in `root` for inodes of lower layers, with the names of their paths. */
	readonly links: ReadonlyMap<Inode, LowerLink>;
}

/** A hard link to an inode that the layer does not have itself. */
export interface LowerLink {
	/** Of the first entry that links to it. */
	readonly path: string;
	readonly target: readonly string[];
}

/** How much of a layer is read. */
export interface LayerLimits {
	/** Entries, and directories that they imply. Each takes some 300 bytes of memory. Default: 5,000,000 */
	readonly entries: number;
	/** Bytes of names, link targets, xattrs (100 more for each) and contents within inodes. Default: 2^30 */
	readonly metadata: number;
}

export const LAYER_LIMITS: LayerLimits = { entries: 5_000_000, metadata: 2 ** 30 };

export interface ReadLayerOptions {
	readonly limits?: Partial<LayerLimits> | undefined;
	readonly signal?: AbortSignal | undefined;
}

const ENTRIES_PER_CHECK = 128;

/**
 * Reads the entries of a layer. It is a tree by itself first, in which a later entry replaces an earlier one of the
 * same path (directories keep what is in them), and is put over other layers afterwards.
 *
 * @throws ComposefsError `ERR_COMPOSEFS_OCI` with `rule` and `path`, `ERR_COMPOSEFS_NAME`; what the entries throw; the
 *   signal's reason
 */
export async function readLayer(entries: LayerEntries, options: ReadLayerOptions = {}): Promise<Layer> {
	const { limits, signal } = options;
	return readLayerWithin(
		new LayerBudget(fillLimits(LAYER_LIMITS, limits)),
		abortable(entries, signal),
		signal,
	);
}

/** The same, within what other layers have left of a budget. */
export async function readLayerWithin(
	budget: LayerBudget,
	entries: LayerEntries,
	signal: AbortSignal | undefined,
): Promise<Layer> {
	const builder = new LayerBuilder(budget);
	const slices = new Slices(signal);
	let count = 0;
	for await (const entry of entries) {
		builder.add(entry);
		if (++count % ENTRIES_PER_CHECK === 0 && slices.isOver()) await slices.next();
	}
	signal?.throwIfAborted();
	return builder.layer();
}

/** A layer as calls take it: read already, or to be read. */
export async function layerOf(layer: Layer | LayerEntries, options: ReadLayerOptions): Promise<Layer> {
	const isRead = typeof layer === "object" && layer !== null && "marks" in layer;
	return isRead ? layer : readLayer(layer, options);
}
