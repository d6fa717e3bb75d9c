/** What is in a store's folder. */
import type { Dirent } from "node:fs";
import { lstat, readdir } from "node:fs/promises";
import { ComposefsError } from "../errors.ts";
import { systemCall } from "../system-call.ts";

/** An object as its name tells of it. */
export interface StoreEntry {
	/** 64 hexadecimal digits */
	readonly digest: string;
	/** In the store, such as `ab/cdef…`. */
	readonly path: string;
}

const FOLDER = /^[0-9a-f]{2}$/;
const OBJECT = /^[0-9a-f]{62}$/;
/** Those of this package, and of mkcomposefs. */
const TEMPORARY_FOLDER = /^\.tmp-[0-9a-f]{16}$/;
const TEMPORARY_FILE = /^\.tmp[0-9A-Za-z]{6}$/;

/** An index that was not yet renamed: only who has the store alone writes one. */
const TEMPORARY_INDEX = /^\.sha256\.[0-9]+$/;

const LOCK = ".lock";
/** Of a fresh file system. */
const LOST_AND_FOUND = "lost+found";

/** @throws ComposefsError `ERR_COMPOSEFS_STORE`, rule `no-store`, where a folder has other things in it, and nothing of a store */
export async function checkIsStore(root: Buffer): Promise<void> {
	const entries = await read(root);
	if (entries.some(isOfStore) || entries.every(({ name }) => name.startsWith(".") || name === LOST_AND_FOUND))
		return;
	const path = root.toString();
	const text = `${path} is no object store: it has other things in it, and no objects`;
	throw new ComposefsError("ERR_COMPOSEFS_STORE", text, { rule: "no-store", path });
}

/** Whoever puts something makes the lock; mkcomposefs makes none. */
function isOfStore(entry: Dirent): boolean {
	const { name } = entry;
	if (entry.isDirectory()) return FOLDER.test(name) || TEMPORARY_FOLDER.test(name);
	return entry.isFile() && (name === LOCK || TEMPORARY_FILE.test(name));
}

/** In the order of their names. What has another name is no object, whatever it is. */
export async function* listStore(root: Buffer): AsyncGenerator<StoreEntry[]> {
	for (const folder of (await read(root)).sort(byName)) {
		if (!folder.isDirectory() || !FOLDER.test(folder.name)) continue;
		const names = (await read(inside(root, folder.name))).map(({ name }) => name).sort();
		yield names
			.filter((name) => OBJECT.test(name))
			.map((name) => ({ digest: folder.name + name, path: `${folder.name}/${name}` }));
	}
}

/** What writers left behind: folders of ours, and files of mkcomposefs that are older than `age` milliseconds. */
export async function listLeftovers(root: Buffer, age: number): Promise<string[]> {
	const found: string[] = [];
	for (const entry of await read(root)) {
		if (entry.isDirectory() && TEMPORARY_FOLDER.test(entry.name)) found.push(entry.name);
		if (entry.isFile() && TEMPORARY_INDEX.test(entry.name)) found.push(entry.name);
		if (!entry.isFile() || !TEMPORARY_FILE.test(entry.name)) continue;
		const changed = await timeOf(inside(root, entry.name));
		if (changed !== undefined && Date.now() - changed > age) found.push(entry.name);
	}
	return found;
}

/** Undefined, if mkcomposefs has renamed or removed it since it was listed. */
async function timeOf(file: Buffer): Promise<number | undefined> {
	try {
		return (await systemCall(lstat(file), file.toString())).mtimeMs;
	} catch (error) {
		if (error instanceof ComposefsError && error.code === "ENOENT") return undefined;
		throw error;
	}
}

export function inside(root: Buffer, name: string): Buffer {
	return Buffer.concat([root, Buffer.from(`/${name}`)]);
}

async function read(folder: Buffer): Promise<Dirent[]> {
	return systemCall(readdir(folder, { withFileTypes: true }), folder.toString());
}

function byName(a: Dirent, b: Dirent): number {
	return a.name < b.name ? -1 : 1;
}
