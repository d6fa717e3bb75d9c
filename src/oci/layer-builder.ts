/** Entries become a layer. */
import { argumentError } from "../errors.ts";
import { copyMetadata, type Directory, type Inode, isWhiteout, NO_BYTES } from "../inode.ts";
import { impliedDirectory } from "./directories.ts";
import { checkEntryName, entryNames } from "./entry-path.ts";
import { ociError } from "./fault.ts";
import type { Layer, LayerEntry, LowerLink } from "./layer.ts";
import type { LayerBudget } from "./layer-budget.ts";
import { kindOfEntry, type Marks, marksAt, noMarks } from "./marks.ts";

export class LayerBuilder {
	readonly #budget: LayerBudget;
	readonly #root: Directory = impliedDirectory();
	readonly #implicit = new Set<Directory>([this.#root]);
	readonly #marks: Marks = noMarks();
	readonly #links = new Map<Inode, LowerLink>();
	/** By path: links to one inode share its stand-in. */
	readonly #standIns = new Map<string, Inode>();
	/** By path: what hard links may lead to in AUFS's own directories. */
	readonly #aufs = new Map<string, Inode>();
	/** Entries often follow each other in one directory. */
	#last: { path: string; directory: Directory } | undefined;

	constructor(budget: LayerBudget) {
		this.#budget = budget;
	}

	layer(): Layer {
		return { root: this.#root, implicit: this.#implicit, marks: this.#marks, links: this.#links };
	}

	/** @throws ComposefsError `ERR_COMPOSEFS_ARGUMENT`, `ERR_COMPOSEFS_OCI`, `ERR_COMPOSEFS_NAME` */
	add(entry: LayerEntry): void {
		if (!isEntry(entry)) throw argumentError("an entry of a layer has a name, and an inode or a linkName");
		this.#budget.countEntry();
		this.#budget.countMetadata(entry);
		const names = entryNames(entry.name);
		const found = kindOfEntry(names, entry.name);
		switch (found.kind) {
			case "entry":
				this.#addEntry(names, entry);
				break;
			case "mark":
				this.#addMark(names.slice(0, -1), found.removed);
				break;
			case "aufs":
				this.#aufs.set(names.join("/"), this.#inodeOf(entry, names));
				break;
		}
	}

	#addMark(directory: readonly string[], removed: string | undefined): void {
		const marks = marksAt(this.#marks, directory, () => this.#budget.countEntry());
		if (removed === undefined) marks.opaque = true;
		else marks.removed.add(removed);
	}

	#addEntry(names: readonly string[], entry: LayerEntry): void {
		const path = entry.name;
		const name = names.at(-1);
		const inode = this.#inodeOf(entry, names);
		const parent = name === undefined ? undefined : this.#parent(names, path);
		const old = parent === undefined ? this.#root : parent.children.get(name as string);
		if (old?.type === "directory" && inode.type === "directory") {
			copyMetadata(inode, old);
			this.#implicit.delete(old);
		} else if (parent === undefined) {
			throw ociError("entry-root", `${path}: the root is not a directory`, { path });
		} else {
			if (old?.type === "directory") this.#last = undefined;
			parent.children.set(name as string, inode);
		}
	}

	#inodeOf({ name, inode, linkName }: LayerEntry, names: readonly string[]): Inode {
		return inode ?? this.#linked(linkName, names, name);
	}

	/** The directory of an entry, made where there is none. */
	#parent(names: readonly string[], path: string): Directory {
		const name = names.at(-1) as string;
		checkEntryName(name, path);
		// Of `a/b` this is `a/`; of `a/b/` and `a/b/.` nothing that says where they are.
		const key = path.endsWith(name) ? path.slice(0, path.length - name.length) : undefined;
		if (key !== undefined && this.#last?.path === key) return this.#last.directory;
		let at = this.#root;
		for (const above of names.slice(0, -1)) {
			const next = at.children.get(above) ?? this.#imply(at, above, path);
			if (next.type !== "directory") throw notInDirectory(path, above, next);
			at = next;
		}
		if (key !== undefined) this.#last = { path: key, directory: at };
		return at;
	}

	#imply(parent: Directory, name: string, path: string): Directory {
		checkEntryName(name, path);
		this.#budget.countEntry();
		const implied = impliedDirectory();
		this.#implicit.add(implied);
		parent.children.set(name, implied);
		return implied;
	}

	/** What a hard link leads to: in this layer, so far, or a stand-in for an inode of a lower one. */
	#linked(linkName: string, own: readonly string[], path: string): Inode {
		const target = entryNames(linkName);
		const key = target.join("/");
		if (key === own.join("/")) throw badLink(path, linkName, "is the link itself");
		const inode = this.#aufs.get(key) ?? this.#find(target, path, linkName);
		if (inode?.type === "directory") throw badLink(path, linkName, "is a directory");
		// Each of them has its xattrs in the image.
		if (inode !== undefined && isWhiteout(inode)) this.#budget.countMetadata({ name: path, inode });
		if (inode !== undefined) return furtherName(inode);
		const known = this.#standIns.get(key);
		if (known !== undefined) return known;
		const standIn = standInInode();
		this.#standIns.set(key, standIn);
		this.#links.set(standIn, { path, target });
		return standIn;
	}

	#find(target: readonly string[], path: string, linkName: string): Inode | undefined {
		let at: Inode | undefined = this.#root;
		for (const name of target) {
			if (at === undefined) return undefined;
			if (at.type !== "directory") throw badLink(path, linkName, "has a parent that is no directory");
			at = at.children.get(name);
		}
		return at;
	}
}

/** As entries are typed: a program makes them too. */
function isEntry(entry: LayerEntry): boolean {
	if (typeof entry?.name !== "string") return false;
	const { inode, linkName } = entry;
	return inode === undefined ? typeof linkName === "string" : typeof inode?.type === "string";
}

/** What an inode is under a further name: a whiteout, which has one name in an image, is another one. */
export function furtherName(inode: Inode): Inode {
	if (!isWhiteout(inode)) return inode;
	const { type, mode, uid, gid, mtimeNs, xattrs, rdev } = inode;
	// The xattrs are shared: a layer may have many more links than bytes.
	return { type, mode, uid, gid, mtimeNs, xattrs, rdev };
}

function standInInode(): Inode {
	const none = undefined;
	return {
		type: "file",
		mode: 0,
		uid: 0,
		gid: 0,
		mtimeNs: 0n,
		xattrs: none,
		content: NO_BYTES,
		size: none,
		digest: none,
		path: none,
	};
}

function notInDirectory(path: string, name: string, { type }: Inode): Error {
	const text = `${path}: the layer has a ${type} at ${JSON.stringify(name)}, which is no directory`;
	return ociError("entry-parent", text, { path });
}

export function badLink(path: string, linkName: string, problem: string): Error {
	return ociError("link-target", `${path}: the hard link's target ${linkName} ${problem}`, { path });
}
