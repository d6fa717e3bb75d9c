/** Where a name was found: its place on this machine, and its place in the tree. */
import type { Directory } from "../inode.ts";

export class Place {
	readonly name: string;
	/** The place of the directory that has the name; none for the directory that the caller named. */
	readonly #above: Place | undefined;
	/** Of this machine, as names; only of directories, since of most others nobody asks. */
	readonly #path: string | undefined;
	readonly #treePath: string | undefined;
	/** What has the name in the tree. */
	readonly parent: Directory | undefined;

	private constructor(
		name: string,
		above: Place | undefined,
		parent: Directory | undefined,
		path?: string,
		treePath?: string,
	) {
		this.name = name;
		this.#above = above;
		this.parent = parent;
		this.#path = path;
		this.#treePath = treePath;
	}

	static root(path: string): Place {
		return new Place("", undefined, undefined, path, "/");
	}

	/** A name in the directory whose place this is. */
	child(name: string, parent: Directory): Place {
		return new Place(name, this, parent);
	}

	/** The same place, which knows its paths. */
	asDirectory(): Place {
		return new Place(this.name, this.#above, this.parent, this.path, this.treePath);
	}

	/** Of this machine, as a name (names.ts). */
	get path(): string {
		return this.#path ?? join((this.#above as Place).path, this.name);
	}

	/** Within the tree, absolute. */
	get treePath(): string {
		return this.#treePath ?? join((this.#above as Place).treePath, this.name);
	}
}

function join(folder: string, name: string): string {
	return folder.endsWith("/") ? folder + name : `${folder}/${name}`;
}
