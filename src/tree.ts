/** A file tree in memory: the one noun of this package. Sources make trees, sinks take them. */
import { argumentError } from "./errors.ts";
import {
	type Device,
	type DeviceNumber,
	type Directory,
	device,
	directory,
	type Fifo,
	type FileContent,
	fifo,
	file,
	type Inode,
	isWhiteout,
	type MetadataOptions,
	type RegularFile,
	type Socket,
	type Symlink,
	socket,
	symlink,
	whiteout,
} from "./inode.ts";
import { MetDirectories } from "./met-directories.ts";
import { type Name, sortNames } from "./names.ts";
import { pathError, splitPath } from "./tree-path.ts";

/** One name met in a walk. */
export interface WalkEntry {
	/** Absolute, `/` for the root. */
	readonly path: string;
	readonly inode: Inode;
}

/**
 * A root directory, and operations by path over its plain inodes. Paths are absolute within the tree (a
 * leading slash may be left out), symlinks are never followed, and nothing but the gate of `writeImage` judges
 * the metadata: a tree can be changed by hand just as well.
 */
export class Tree {
	readonly root: Directory;

	constructor(root: Directory = directory()) {
		this.root = root;
	}

	/** The inode at a path, or undefined. */
	get(path: Name): Inode | undefined {
		let inode: Inode | undefined = this.root;
		for (const name of splitPath(path)) {
			if (inode?.type !== "directory") return undefined;
			inode = inode.children.get(name);
		}
		return inode;
	}

	/** Makes a directory. With `recursive`, parents too, and one that is there already is returned. */
	mkdir(path: Name, options: MetadataOptions & { recursive?: boolean | undefined } = {}): Directory {
		if (!options.recursive) return this.#add(path, directory(options));
		const { xattrs } = directory(options); // copied once: pairs may come but once
		let at = this.root;
		for (const name of splitPath(path)) {
			const found: Inode = at.children.get(name) ?? directory({ ...options, xattrs });
			if (found.type !== "directory") throw pathError("ENOTDIR", "not a directory", path);
			at.children.set(name, found);
			at = found;
		}
		return at;
	}

	/**
	 * Puts a regular file at a path. All but a directory is replaced there, inode and all: a symlink is not followed,
	 * and other names of the old inode keep it.
	 */
	writeFile(path: Name, content: FileContent, options?: MetadataOptions): RegularFile {
		const { parent, name } = this.#entry(path);
		const old = parent.children.get(name);
		if (old?.type === "directory") throw pathError("EISDIR", "is a directory", path);
		const inode = file(content, options);
		parent.children.set(name, inode);
		return inode;
	}

	symlink(target: Name, path: Name, options?: MetadataOptions): Symlink {
		return this.#add(path, symlink(target, options));
	}

	/** Gives an inode a further name: a hard link. Directories and whiteouts cannot have one. */
	link(existingPath: Name, newPath: Name): Inode {
		const inode = this.get(existingPath);
		if (inode === undefined) throw pathError("ENOENT", "no such file or directory", existingPath);
		if (inode.type === "directory") throw pathError("EPERM", "a directory has one name", existingPath);
		if (isWhiteout(inode)) throw pathError("EPERM", "a whiteout has one name", existingPath);
		return this.#add(newPath, inode);
	}

	/** Makes a device, fifo or socket. */
	mknod(path: Name, type: Device["type"], rdev: DeviceNumber, options?: MetadataOptions): Device;
	mknod(path: Name, type: "fifo", options?: MetadataOptions): Fifo;
	mknod(path: Name, type: "socket", options?: MetadataOptions): Socket;
	mknod(
		path: Name,
		type: "fifo" | "socket" | Device["type"],
		third?: DeviceNumber | MetadataOptions,
		options?: MetadataOptions,
	): Inode {
		if (type === "fifo") return this.#add(path, fifo(third as MetadataOptions));
		if (type === "socket") return this.#add(path, socket(third as MetadataOptions));
		if (type === "character-device" || type === "block-device")
			return this.#add(path, device(type, third as DeviceNumber, options));
		throw argumentError(
			`mknod makes devices, fifos and sockets, by the name of their type, not ${typeof type}`,
		);
	}

	/** Makes a whiteout, in place of what is there. */
	whiteout(path: Name, options?: MetadataOptions): Device {
		const { parent, name } = this.#entry(path);
		const inode = whiteout(options);
		parent.children.set(name, inode);
		return inode;
	}

	/** Removes a name; a directory only with `recursive`. With `force`, it need not exist. */
	rm(path: Name, options: { recursive?: boolean | undefined; force?: boolean | undefined } = {}): void {
		const inode = this.get(path);
		if (inode === undefined && options.force) return;
		if (inode === undefined) throw pathError("ENOENT", "no such file or directory", path);
		if (inode.type === "directory" && !options.recursive)
			throw pathError("EISDIR", "is a directory, and recursive is not set", path);
		if (inode === this.root) throw pathError("EPERM", "the root cannot be removed", path);
		const { parent, name } = this.#entry(path);
		parent.children.delete(name);
	}

	/**
	 * Gives an inode another name, as rename(2) does: a file takes the place of a file, a directory that of an empty one.
	 * Of two names of one inode, both stay.
	 *
	 * @throws ComposefsError ENOENT, ENOTDIR, EISDIR, ENOTEMPTY; EINVAL for a directory that is to be in itself
	 */
	rename(oldPath: Name, newPath: Name): void {
		const inode = this.get(oldPath);
		if (inode === undefined) throw pathError("ENOENT", "no such file or directory", oldPath);
		if (inode === this.root) throw pathError("EPERM", "the root cannot be renamed", oldPath);
		const from = this.#entry(oldPath);
		const to = this.#entry(newPath);
		const replaced = to.parent.children.get(to.name);
		if (replaced === inode) return;
		if (inode.type === "directory" && isBelow(newPath, oldPath))
			throw pathError("EINVAL", "a directory cannot be in itself", newPath);
		checkReplaced(replaced, inode, newPath);
		from.parent.children.delete(from.name);
		to.parent.children.set(to.name, inode);
	}

	/** The names in a directory, in the order of their bytes. */
	readdir(path: Name): string[] {
		const inode = this.get(path);
		if (inode === undefined) throw pathError("ENOENT", "no such file or directory", path);
		if (inode.type !== "directory") throw pathError("ENOTDIR", "not a directory", path);
		return sortNames([...inode.children.keys()]);
	}

	/**
	 * A path, then every name below it: parents before children, siblings in the order of their bytes.
	 *
	 * @throws ComposefsError ENOENT; `ERR_COMPOSEFS_TREE` for a directory that has two names or contains itself
	 */
	*walk(path: Name = "/"): Generator<WalkEntry> {
		const start = this.get(path);
		if (start === undefined) throw pathError("ENOENT", "no such file or directory", path);
		const met = new MetDirectories();
		const stack: WalkEntry[] = [{ path: `/${splitPath(path).join("/")}`, inode: start }];
		for (let entry = stack.pop(); entry !== undefined; entry = stack.pop()) {
			yield entry;
			if (entry.inode.type !== "directory") continue;
			met.add(entry.inode);
			const { children } = entry.inode;
			const prefix = entry.path === "/" ? "/" : `${entry.path}/`;
			const names = sortNames([...children.keys()]);
			for (const name of names.reverse())
				stack.push({ path: prefix + name, inode: children.get(name) as Inode });
		}
	}

	#add<T extends Inode>(path: Name, inode: T): T {
		const { parent, name } = this.#entry(path);
		if (parent.children.has(name)) throw pathError("EEXIST", "file already exists", path);
		parent.children.set(name, inode);
		return inode;
	}

	/** The directory that holds a path's last name, and that name. */
	#entry(path: Name): { parent: Directory; name: string } {
		const names = splitPath(path);
		const name = names.pop();
		if (name === undefined) throw pathError("EEXIST", "the root cannot be replaced", path);
		const parent = this.get(names.join("/"));
		if (parent === undefined) throw pathError("ENOENT", "no such file or directory", path);
		if (parent.type !== "directory") throw pathError("ENOTDIR", "not a directory", path);
		return { parent, name };
	}
}

/** What callers without types get wrong. @throws ComposefsError ERR_COMPOSEFS_ARGUMENT */
export function checkIsTree(tree: Tree | undefined): void {
	if (typeof tree?.root === "object") return;
	throw argumentError("the tree is a Tree; one of a root directory is new Tree(root)");
}

function isBelow(path: Name, above: Name): boolean {
	const names = splitPath(path);
	return splitPath(above).every((name, depth) => names[depth] === name);
}

function checkReplaced(replaced: Inode | undefined, inode: Inode, path: Name): void {
	if (replaced === undefined) return;
	if (inode.type !== "directory") {
		if (replaced.type === "directory") throw pathError("EISDIR", "is a directory", path);
	} else if (replaced.type !== "directory") throw pathError("ENOTDIR", "not a directory", path);
	else if (replaced.children.size > 0) throw pathError("ENOTEMPTY", "directory not empty", path);
}
