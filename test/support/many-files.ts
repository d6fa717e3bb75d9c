/** Trees that take a while. */
import { Tree } from "../../src/tree.ts";

/** A tree of a hundred directories and `count` files. Other seeds give other trees. */
export function manyFiles(count: number, seed = 0): Tree {
	const tree = new Tree();
	const directories = Array.from({ length: 100 }, (_, i) => tree.mkdir(`/${i}`));
	for (let i = 0; i < count; i++) {
		const digest = (i + seed * count).toString(16).padStart(64, "0");
		const content = { size: 10_000 + i, digest, path: `${digest.slice(0, 2)}/${digest.slice(2)}` };
		tree.writeFile(`/${i % directories.length}/file-${i}`, content, { mtime: i });
	}
	return tree;
}
