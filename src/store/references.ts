/** What images need of a store. */
import { abortable } from "../abortable.ts";
import { pathToString } from "../file-path.ts";
import { listObjects, type StoreObject } from "../image/index.ts";
import type { ImageSource } from "../image/source.ts";
import { checkIsIterable } from "../lists.ts";
import { isObjectPath } from "../object-path.ts";
import { forEachInSlices } from "../slices.ts";
import type { Tree } from "../tree.ts";

/** An object that some of the images need. */
export interface Reference {
	/** As `pathInStore` has it. */
	readonly path: string;
	readonly size: number;
	/** As the images have it; undefined where they do not say. */
	readonly digest: string | undefined;
	/** Which of them need it, by their numbers. */
	readonly images: readonly number[];
}

export type ImageOrTree = Tree | ImageSource;

/**
 * An object's path as the store has it: images may name the same by `./ab/cdef…` or `ab//cdef…`. One with `..` in it is
 * left alone: it names nothing in a store, for `missingObjects` too.
 */
export function pathInStore(path: string): string {
	if (isObjectPath(path)) return path;
	return path
		.split("/")
		.filter((name) => name !== "" && name !== ".")
		.join("/");
}

/** By the objects' paths. An image that cannot be read ends it. */
export async function collectReferences(
	images: Iterable<ImageOrTree> | AsyncIterable<ImageOrTree>,
	signal: AbortSignal | undefined,
): Promise<{ readonly references: Map<string, Reference>; readonly names: readonly string[] }> {
	checkIsIterable(images, "images");
	const references = new Map<string, Reference & { readonly images: number[] }>();
	const names: string[] = [];
	for await (const image of abortable(images, signal)) {
		const number = names.push(nameOfImage(image, names.length)) - 1;
		const objects = await listObjects(image, { signal });
		await forEachInSlices(objects, (object) => refer(references, object, number), signal);
	}
	return { references, names };
}

function refer(
	references: Map<string, Reference & { readonly images: number[] }>,
	{ path: named, size, digest }: StoreObject,
	image: number,
): void {
	const path = pathInStore(named);
	const known = references.get(path);
	if (known === undefined) references.set(path, { path, size, digest, images: [image] });
	else if (known.images.at(-1) !== image) known.images.push(image);
}

function nameOfImage(image: ImageOrTree, number: number): string {
	return typeof image === "string" || image instanceof URL ? pathToString(image) : `image ${number + 1}`;
}
