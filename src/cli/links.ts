/** Names that are one inode, among what differs between two images. */
import type { Change } from "../diff.ts";
import type { Inode } from "../inode.ts";

/** Of an inode with several names, `diff` tells of all of them or of none: so its changes say which are one inode. */
export class Links {
	readonly #names = { before: new Map<Inode, Names>(), after: new Map<Inode, Names>() };
	/** By both inodes, where a name with them stands first. */
	readonly #changed = new Map<Inode, Map<Inode, string>>();

	/** @param changes   all of them, in their order */
	constructor(changes: readonly Change[]) {
		for (const change of changes) {
			if (change.kind !== "added") count(this.#names.before, change.before, change.path);
			if (change.kind !== "removed") count(this.#names.after, change.after, change.path);
			if (change.kind !== "changed") continue;
			const { before, after, path } = change;
			const others = this.#changed.get(before) ?? new Map<Inode, string>();
			this.#changed.set(before, others);
			if (!others.has(after)) others.set(after, path);
		}
	}

	/** The first name of an inode with several; undefined of one with one. */
	firstName(side: "before" | "after", inode: Inode): string | undefined {
		const names = this.#names[side].get(inode);
		return names !== undefined && names.count > 1 ? names.first : undefined;
	}

	/** How many names an inode has. */
	count(side: "before" | "after", inode: Inode): number {
		return this.#names[side].get(inode)?.count ?? 0;
	}

	/** An earlier name of which the same is to be told, since it is one inode with this one. */
	toldAt(change: Change): string | undefined {
		const { path } = change;
		let first: string | undefined;
		if (change.kind === "added") first = this.firstName("after", change.after);
		else if (change.kind === "removed") first = this.firstName("before", change.before);
		else first = this.#changed.get(change.before)?.get(change.after);
		return first === path ? undefined : first;
	}
}

interface Names {
	readonly first: string;
	count: number;
}

function count(names: Map<Inode, Names>, inode: Inode, path: string): void {
	const known = names.get(inode);
	if (known === undefined) names.set(inode, { first: path, count: 1 });
	else known.count++;
}
