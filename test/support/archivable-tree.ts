/** Arbitrary trees that archives can hold, their contents in a store. */
import type { ExternalFile, Inode } from "../../src/inode.ts";
import type { ObjectStore } from "../../src/store/store.ts";
import type { Tree } from "../../src/tree.ts";

/** Bytes of no pattern, with a long run of zeros in some. */
export function someBytes(size: number, seed: number): Buffer {
	const bytes = Buffer.alloc(size);
	let state = seed | 1;
	for (let at = 0; at < size; at++) {
		state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
		bytes[at] = state >>> 24;
	}
	if (seed % 3 === 0) bytes.fill(0, size >> 2, Math.min(size, (size >> 2) + 3000));
	return bytes;
}

/** Takes sockets out, and puts contents into the store: other ones, since sizes may be those of no real file. */
export async function makeArchivable(tree: Tree, store: ObjectStore): Promise<Tree> {
	const done = new Set<Inode>();
	for (const { path, inode } of [...tree.walk()]) {
		if (inode.type === "socket") tree.rm(path);
		if (inode.type !== "file" || inode.content !== undefined || done.has(inode)) continue;
		done.add(inode);
		const size = inode.size % 100_000;
		const stored = await store.put(someBytes(size, inode.size));
		inode.size = size;
		inode.digest = stored.digest;
		inode.path = stored.path;
	}
	await store.flush();
	return tree;
}

/** Contents in a store, for `describeTree`. */
export function contentIn(store: ObjectStore): (file: ExternalFile) => Promise<Uint8Array> {
	return async ({ path }) => {
		const handle = await store.open((path as string).replace("/", ""));
		try {
			return await handle.readFile();
		} finally {
			await handle.close();
		}
	};
}
