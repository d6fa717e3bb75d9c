/** What the commands that read images share. */
import { readImage } from "../image/read.ts";
import { Tree } from "../tree.ts";
import { readingOf } from "./exit.ts";
import { warn } from "./print.ts";

export interface ImageOptions {
	readonly json?: true;
	readonly filter?: string[];
}

/** Reads an image; with names, only those entries of its root. */
export async function readTree(image: string, { filter }: ImageOptions, signal: AbortSignal): Promise<Tree> {
	const { root } = await readingOf(image, readImage(image, { signal }));
	if (filter === undefined) return new Tree(root);
	for (const name of filter)
		if (!root.children.has(name)) warn(`${image}: the root has no ${name}, which --filter names`);
	const children = new Map([...root.children].filter(([name]) => filter.includes(name)));
	return new Tree({ ...root, children });
}
