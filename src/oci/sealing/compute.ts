/** Seals are computed: an image is written, to nowhere, from each tree. */
import { computeDigest } from "../../digest.ts";
import { checkIsTree, type Tree } from "../../tree.ts";
import { writeImage } from "../../write.ts";
import { checkManifest } from "../arguments.ts";
import type { ResolvedImage } from "../image.ts";
import { type Seal, sealError } from "./seal.ts";

/** The trees of an image, as the profile that its digests are for has them. */
export interface SealTrees {
	/** All layers, merged; without whiteouts. */
	readonly merged: Tree;
	readonly bootable?: Tree | undefined;
	/** Each layer by itself, from the lowest. */
	readonly layers?: readonly Tree[] | undefined;
}

/**
 * The seal of an image: of its config, of its manifest as it is, and of the composefs images (of version 1) of its trees.
 *
 * @throws ComposefsError ERR_COMPOSEFS_SEAL, rule `seal-layers`, if there is not one tree for each layer; those of
 *   `writeImage`
 */
export async function computeSeal(
	image: Pick<ResolvedImage, "name" | "manifest" | "config">,
	trees: SealTrees,
	{ signal }: { readonly signal?: AbortSignal | undefined } = {},
): Promise<Required<Pick<Seal, "config" | "manifest">> & Seal> {
	checkManifest(image);
	checkIsTree(trees?.merged);
	const { name, manifest, config } = image;
	const { merged, bootable, layers } = trees;
	const expected = manifest.value.layers.length;
	if (layers !== undefined && layers.length !== expected) {
		const text = `${name}: ${layers.length} trees for ${expected} layers`;
		throw sealError("seal-layers", text, { limit: expected, actual: layers.length });
	}
	const digests: string[] = [];
	for (const tree of layers ?? []) digests.push(await imageDigest(tree, signal));
	return {
		merged: await imageDigest(merged, signal),
		...(bootable !== undefined && { bootable: await imageDigest(bootable, signal) }),
		config: await computeDigest(config.bytes, { signal }),
		manifest: await computeDigest(manifest.bytes, { signal }),
		...(layers !== undefined && { layers: digests }),
	};
}

/** `erofs.v1` in the annotations' names means images that say version 1, whatever is in them. */
async function imageDigest(tree: Tree, signal: AbortSignal | undefined): Promise<string> {
	const { digest } = await writeImage(tree, { digestOnly: true, minVersion: 1, maxVersion: 1, signal });
	return digest;
}
