/** Names that are one inode: in an image, and among what differs between two. */
import type { Change } from "../diff.ts";
import type { Inode } from "../inode.ts";

/** The names of inodes, as they are met. */
export class LinkNames {
	readonly #names = new Map<Inode, { readonly first: string; count: number }>();

	add(inode: Inode, path: string): void {
		const known = this.#names.get(inode);
		if (known === undefined) this.#names.set(inode, { first: path, count: 1 });
		else known.count++;
	}

	/** The first name of an inode with several; undefined of one with one. */
	first(inode: Inode): string | undefined {
		const names = this.#names.get(inode);
		return names !== undefined && names.count > 1 ? names.first : undefined;
	}

	/** How many names an inode has. */
	count(inode: Inode): number {
		return this.#names.get(inode)?.count ?? 0;
	}
}

/** Of an inode with several names, `diff` tells of all of them or of none: so its changes say which are one inode. */
export class Links {
	readonly before: LinkNames = new LinkNames();
	readonly after: LinkNames = new LinkNames();
	/** By both inodes, where a name with them stands first. */
	readonly #changed = new Map<Inode, Map<Inode, string>>();

	/** @param changes   all of them, in their order */
	constructor(changes: readonly Change[]) {
		for (const change of changes) {
			if (change.kind !== "added") this.before.add(change.before, change.path);
			if (change.kind !== "removed") this.after.add(change.after, change.path);
			if (change.kind !== "changed") continue;
			const { before, after, path } = change;
			const others = this.#changed.get(before) ?? new Map<Inode, string>();
			this.#changed.set(before, others);
			if (!others.has(after)) others.set(after, path);
		}
	}

	/** An earlier name of which the same is to be told, since it is one inode with this one. */
	toldAt(change: Change): string | undefined {
		const { path } = change;
		let first: string | undefined;
		if (change.kind === "added") first = this.after.first(change.after);
		else if (change.kind === "removed") first = this.before.first(change.before);
		else first = this.#changed.get(change.before)?.get(change.after);
		return first === path ? undefined : first;
	}
}
