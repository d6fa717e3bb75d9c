/**
 * Compares two folders file by file, by the calls that any program would use: contents, types, modes, owners, times,
 * devices, which names share an inode, and extended attributes.
 */
import type { BigIntStats } from "node:fs";
import { lstat, open, readdir, readlink } from "node:fs/promises";
import type { Tree } from "composefs";

const PIECE = 1 << 20;

export interface CompareOptions {
	/** The trees of both folders, whose attributes are compared: node has no call for them. */
	readonly trees?: readonly [expected: Tree, actual: Tree];
	/** Stop after so many. Default: 100 */
	readonly limit?: number;
}

/** What differs, in words; nothing, if the folders are the same. */
export async function compareFolders(
	expected: string,
	actual: string,
	{ trees, limit = 100 }: CompareOptions = {},
): Promise<{ differences: string[]; compared: number }> {
	const differences: string[] = [];
	const links = new Map<bigint, bigint>();
	let compared = 0;
	const pending: Buffer[] = [Buffer.alloc(0)];
	for (let at = pending.pop(); at !== undefined && differences.length < limit; at = pending.pop()) {
		compared++;
		const [ours, theirs] = [below(expected, at), below(actual, at)];
		const [before, after] = [await lstat(ours, { bigint: true }), await statOf(theirs)];
		const found = after === undefined ? ["missing"] : await compareFiles(ours, theirs, before, after, links);
		differences.push(...found.map((difference) => `/${at}: ${difference}`));
		if (found.length > 0 || !before.isDirectory()) continue;
		const names = await readdir(ours, { encoding: "buffer" });
		const others = new Set((await readdir(theirs)).map(String));
		if (names.length !== others.size) differences.push(`/${at}: ${names.length} names, not ${others.size}`);
		for (const name of names) pending.push(at.length === 0 ? name : Buffer.concat([at, SLASH, name]));
	}
	if (trees !== undefined) differences.push(...compareXattrs(...trees));
	return { differences, compared };
}

const SLASH = Buffer.from("/");

function below(folder: string, path: Buffer): Buffer {
	return Buffer.concat([Buffer.from(folder), SLASH, path]);
}

async function statOf(path: Buffer): Promise<BigIntStats | undefined> {
	return lstat(path, { bigint: true }).catch(() => undefined);
}

async function compareFiles(
	ours: Buffer,
	theirs: Buffer,
	before: BigIntStats,
	after: BigIntStats,
	links: Map<bigint, bigint>,
): Promise<string[]> {
	const differences: string[] = [];
	for (const field of ["mode", "uid", "gid", "mtimeNs"] as const)
		if (before[field] !== after[field]) differences.push(`${field} ${before[field]}, not ${after[field]}`);
	const isDevice = before.isCharacterDevice() || before.isBlockDevice();
	if (isDevice && before.rdev !== after.rdev) differences.push(`rdev ${before.rdev}, not ${after.rdev}`);
	if (differences.length > 0 || before.isDirectory()) return differences;
	if (before.nlink > 1n) {
		const linked = links.get(before.ino) ?? after.ino;
		links.set(before.ino, linked);
		if (linked !== after.ino) differences.push("is no link to the same file");
	}
	if (before.isFile() && !(await sameContent(ours, theirs))) differences.push("another content");
	if (!before.isSymbolicLink()) return differences;
	const targets = await Promise.all([ours, theirs].map((path) => readlink(path, { encoding: "buffer" })));
	if (!(targets[0] as Buffer).equals(targets[1] as Buffer)) differences.push("another target");
	return differences;
}

async function sameContent(a: Buffer, b: Buffer): Promise<boolean> {
	await using first = await opened(a);
	await using second = await opened(b);
	const [ours, theirs] = [Buffer.alloc(PIECE), Buffer.alloc(PIECE)];
	for (;;) {
		const [one, other] = await Promise.all([
			first.file.read(ours, 0, PIECE),
			second.file.read(theirs, 0, PIECE),
		]);
		if (one.bytesRead !== other.bytesRead) return false;
		if (one.bytesRead === 0) return true;
		if (!ours.subarray(0, one.bytesRead).equals(theirs.subarray(0, one.bytesRead))) return false;
	}
}

/** FileHandle is disposable itself only from Node 20.4 on with newer types. */
async function opened(path: Buffer) {
	const file = await open(path, "r");
	return { file, [Symbol.asyncDispose]: () => file.close() };
}

function compareXattrs(expected: Tree, actual: Tree): string[] {
	const differences: string[] = [];
	const text = (tree: Tree, path: string) =>
		Array.from(
			tree.get(path)?.xattrs ?? [],
			([name, value]) => `${name}=${Buffer.from(value).toString("hex")}`,
		)
			.sort()
			.join(" ");
	for (const { path } of expected.walk()) {
		const [ours, theirs] = [text(expected, path), text(actual, path)];
		if (ours !== theirs) differences.push(`${path}: xattrs "${ours}", not "${theirs}"`);
	}
	return differences;
}
