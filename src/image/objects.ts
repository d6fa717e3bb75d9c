/** The objects that an image needs in a store. */
import type { Dirent } from "node:fs";
import { readdir, stat } from "node:fs/promises";
import { ComposefsError } from "../errors.ts";
import { type FilePath, pathToBytes } from "../file-path.ts";
import type { Inode } from "../inode.ts";
import { checkIsArray } from "../lists.ts";
import { MetDirectories } from "../met-directories.ts";
import { bytesToName, nameToBytes, sortNames } from "../names.ts";
import { runInSlices } from "../slices.ts";
import { systemCall } from "../system-call.ts";
import { Tree } from "../tree.ts";
import { type ReadImageOptions, readImage } from "./read.ts";
import type { ImageSource } from "./source.ts";

/** A file's content in an object store. */
export interface StoreObject {
	/** In the store, such as `ab/cdef…`. */
	readonly path: string;
	/** Bytes */
	readonly size: number;
	/** fs-verity digest, 64 hexadecimal digits; without it the content is not verified. */
	readonly digest?: string;
}

const INODES_PER_STEP = 512;

/**
 * The objects that the files of a tree or image have as their content, in the order of their paths' bytes, each
 * path once.
 *
 * @throws ComposefsError as `readImage` does; `ERR_COMPOSEFS_TREE` for a directory that has two names or contains itself
 */
export async function listObjects(
	source: Tree | ImageSource,
	options: ReadImageOptions = {},
): Promise<StoreObject[]> {
	const tree = source instanceof Tree ? source : await readImage(source, options);
	return runInSlices(collectObjects(tree), options.signal);
}

function* collectObjects(tree: Tree): Generator<undefined, StoreObject[], undefined> {
	const objects = new Map<string, StoreObject>();
	const folders = new Map<string, string[]>();
	const met = new MetDirectories();
	const pending: Inode[] = [tree.root];
	let count = 0;
	for (let inode = pending.pop(); inode !== undefined; inode = pending.pop()) {
		if (inode.type === "directory") {
			met.add(inode);
			for (const child of inode.children.values()) pending.push(child);
		} else if (inode.type === "file" && inode.path !== undefined && !objects.has(inode.path)) {
			objects.set(inode.path, objectOf(inode.path, inode.size, inode.digest));
			addTo(folders, inode.path);
		}
		if (++count % INODES_PER_STEP === 0) yield;
	}
	const sorted: StoreObject[] = [];
	for (const folder of sortNames([...folders.keys()])) {
		for (const name of sortNames(folders.get(folder) as string[]))
			sorted.push(objects.get(name) as StoreObject);
		yield;
	}
	return sorted;
}

/** By the beginning, with the first slash: so the folders have the order of what is in them, and each is few. */
function addTo(folders: Map<string, string[]>, name: string): void {
	const slash = name.indexOf("/");
	const folder = slash < 0 ? name : name.slice(0, slash + 1);
	const names = folders.get(folder);
	if (names === undefined) folders.set(folder, [name]);
	else names.push(name);
}

function objectOf(name: string, size: number, digest: string | undefined): StoreObject {
	return { path: name, size, ...(digest !== undefined && { digest }) };
}

/**
 * The objects of a tree or image that are in none of the folders. An object is there if a regular file has its
 * path; neither its size nor its digest is looked at. A path with `..` in it never leaves the folders: it counts as
 * missing.
 *
 * @param folders   object stores
 * @throws ComposefsError as `readImage` does; or the error of a system call other than `ENOENT`
 */
export async function missingObjects(
	source: Tree | ImageSource,
	folders: readonly FilePath[],
	options: ReadImageOptions = {},
): Promise<StoreObject[]> {
	checkIsArray(folders, "stores");
	const objects = await listObjects(source, options);
	const stores = folders.map((folder) => new Store(pathToBytes(folder)));
	const missing: StoreObject[] = [];
	for (const object of objects) {
		options.signal?.throwIfAborted();
		let found = false;
		for (const store of stores) found ||= await store.has(object.path);
		if (!found) missing.push(object);
	}
	return missing;
}

/** What means that a file is not there. */
const ABSENT = ["ENOENT", "ENOTDIR", "ENAMETOOLONG", "ELOOP"];

/** The files of an object store. Its folders are listed: a call for each of 100,000 objects takes seconds. */
class Store {
	readonly #root: Uint8Array;
	/** The folder listed last: objects come in order. */
	#folder: string | undefined;
	#names = new Set<string>();

	constructor(root: Uint8Array) {
		this.#root = root;
	}

	async has(object: string): Promise<boolean> {
		const names = object.split("/").filter((name) => name !== "" && name !== ".");
		const name = names.pop();
		if (name === undefined || name === ".." || names.includes("..")) return false;
		const folder = names.join("/");
		if (folder !== this.#folder) {
			this.#names = await this.#list(folder);
			this.#folder = folder;
		}
		return this.#names.has(name);
	}

	async #list(folder: string): Promise<Set<string>> {
		const place = this.#place(folder);
		const names = new Set<string>();
		const options = { withFileTypes: true, encoding: "buffer" } as const;
		for (const entry of (await unlessAbsent(readdir(place, options))) ?? [])
			if (await isFile(entry, place)) names.add(bytesToName(entry.name));
		return names;
	}

	#place(folder: string): Buffer {
		return join(Buffer.from(this.#root), nameToBytes(folder));
	}
}

async function isFile(entry: Dirent<Buffer>, folder: Buffer): Promise<boolean> {
	if (!entry.isSymbolicLink()) return entry.isFile();
	return (await unlessAbsent(stat(join(folder, entry.name))))?.isFile() ?? false;
}

function join(folder: Buffer, name: Uint8Array): Buffer {
	return Buffer.concat([folder, Buffer.from("/"), name]);
}

async function unlessAbsent<T>(call: Promise<T>): Promise<T | undefined> {
	try {
		return await systemCall(call);
	} catch (error) {
		if (error instanceof ComposefsError && ABSENT.includes(error.code)) return undefined;
		throw error;
	}
}
