/** What layers may take of memory while they are read: one budget for all that become one tree. */
import type { Inode } from "../inode.ts";
import { ociError } from "./fault.ts";
import type { LayerEntry, LayerLimits } from "./layer.ts";

/** What an xattr takes beside its bytes. */
const XATTR_BYTES = 100;

export class LayerBudget {
	readonly #limits: LayerLimits;
	#entries = 0;
	#bytes = 0;

	constructor(limits: LayerLimits) {
		this.#limits = limits;
	}

	/** Counts an entry, or a directory that one implies. */
	countEntry(): void {
		const limit = this.#limits.entries;
		if (++this.#entries > limit)
			throw ociError("entry-count", `there are more than ${limit} entries`, { limit });
	}

	/** Counts what an entry says of itself. */
	countMetadata({ name, inode, linkName }: LayerEntry): void {
		const limit = this.#limits.metadata;
		this.#bytes += name.length + (inode === undefined ? linkName.length : bytesOf(inode));
		if (this.#bytes <= limit) return;
		const text = `names, targets, xattrs and small contents take more than ${limit} bytes`;
		throw ociError("metadata-size", text, { limit });
	}
}

function bytesOf(inode: Inode): number {
	let bytes = 0;
	if (inode.type === "symlink") bytes += inode.target.length;
	if (inode.type === "file") bytes += inode.content?.length ?? 0;
	for (const [name, value] of inode.xattrs ?? []) bytes += XATTR_BYTES + name.length + value.length;
	return bytes;
}
