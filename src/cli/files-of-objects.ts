/** Which files of images have an object as their content. */
import { readImage } from "../image/read.ts";
import { pathInStore } from "../store/references.ts";
import { readingOf } from "./exit.ts";
import { readEach } from "./read-each.ts";

export interface FileOfImage {
	readonly image: string;
	/** In the image. */
	readonly path: string;
}

/**
 * Of each object its files, in the order of the images and of their walks: every name of them. An image that cannot be read
 * is told of, and has none.
 *
 * @param objects   paths in the store
 */
export async function filesOfObjects(
	objects: readonly string[],
	images: readonly string[],
	signal: AbortSignal,
): Promise<ReadonlyMap<string, FileOfImage[]>> {
	const files = new Map<string, FileOfImage[]>(objects.map((object) => [object, []]));
	await readEach(images, async (image) => {
		const tree = await readingOf(image, readImage(image, { signal }));
		for (const { path, inode } of tree.walk())
			if (inode.type === "file" && inode.path !== undefined)
				files.get(pathInStore(inode.path))?.push({ image, path });
		return {};
	});
	return files;
}
