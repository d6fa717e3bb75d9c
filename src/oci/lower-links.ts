/** Hard links of a layer to inodes of the layers below it. */
import type { Directory, Inode } from "../inode.ts";
import type { Layer } from "./layer.ts";
import { badLink, furtherName } from "./layer-builder.ts";

/** Each has a path of its own to walk. */
const LINKS_PER_STEP = 64;

/**
 * The inodes that a layer's stand-ins stand for. What the layer's own marks take away cannot be linked to. Yields
 * every few links.
 *
 * @param lower   the lower tree without that
 * @throws ComposefsError `ERR_COMPOSEFS_OCI`, rule `link-target`
 */
export function* resolveLinks(
	{ links }: Layer,
	lower: Directory,
): Generator<undefined, Map<Inode, Inode>, undefined> {
	const found = new Map<Inode, Inode>();
	for (const [standIn, { path, target }] of links) {
		if (found.size % LINKS_PER_STEP === LINKS_PER_STEP - 1) yield;
		let at: Inode | undefined = lower;
		for (const name of target) at = at?.type === "directory" ? at.children.get(name) : undefined;
		const name = target.join("/");
		if (at === undefined) throw badLink(path, name, "is not there");
		if (at.type === "directory") throw badLink(path, name, "is a directory");
		found.set(standIn, at);
	}
	return found;
}

/** What a stand-in stands for; anything else is itself. */
export function linkedOr(links: ReadonlyMap<Inode, Inode>, inode: Inode): Inode {
	const linked = links.get(inode);
	return linked === undefined ? inode : furtherName(linked);
}
