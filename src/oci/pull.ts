/** `pullImage`: contents of an image into a store, and its layers into one tree. */

import { decompress } from "../decompress.ts";
import { ComposefsError } from "../errors.ts";
import type { Directory } from "../inode.ts";
import { forEachParallel } from "../parallel.ts";
import { runInSlices } from "../slices.ts";
import { readTar } from "../tar/read.ts";
import { Tree } from "../tree.ts";
import { layOver } from "./apply.ts";
import { type ContentStore, Contents } from "./contents.ts";
import { Digester, parseDigest } from "./digest.ts";
import { impliedDirectory } from "./directories.ts";
import type { ResolvedImage, ResolvedLayer } from "./image.ts";
import { LAYER_LIMITS, type Layer, type LayerLimits, readLayer } from "./layer.ts";
import { canonicalise, checkProfile, type Profile } from "./profile.ts";
import { tarLayer } from "./tar-layer.ts";
import { expectDigest, verifiedBlob } from "./verified.ts";

/** How much of each layer is read. */
export interface PullLimits extends LayerLimits {
	/** Bytes of the tar, uncompressed. Default: 2^38, which is 256 GiB */
	readonly layerSize: number;
	/** Bytes of one file, the holes of a sparse one included. Default: 2^43 */
	readonly fileSize: number;
}

export const PULL_LIMITS: PullLimits = { ...LAYER_LIMITS, layerSize: 2 ** 38, fileSize: 2 ** 43 };

/** Where a layer is. Told as its bytes come, and once when it is complete. */
export interface PullProgress {
	/** Its place in the image, from 0 for the lowest. */
	readonly layer: number;
	readonly digest: string;
	/** Bytes of the blob that have come. */
	readonly bytes: number;
	/** Bytes of the blob */
	readonly size: number;
	/** Whether all of it has come and is what it should be. */
	readonly complete: boolean;
}

export interface PullOptions {
	/** Takes the contents of files of more than 64 bytes. */
	readonly store: ContentStore;
	/** Default: `raw` */
	readonly profile?: Profile | undefined;
	/** Layers that are read at once. Default: 2 */
	readonly parallel?: number | undefined;
	readonly limits?: Partial<PullLimits> | undefined;
	readonly signal?: AbortSignal | undefined;
	readonly onProgress?: ((progress: PullProgress) => void) | undefined;
}

/**
 * Reads the layers of an image: every blob is checked against its digest and size, and the tar in it against the
 * config's diff_id, while they are read. Contents go into the store, flushed at the end. The tree is that of all layers,
 * as `applyLayer` puts them over each other.
 *
 * Where it fails there is no tree; the store has whole objects only, which another attempt finds again.
 *
 * @throws ComposefsError `ERR_COMPOSEFS_DIGEST` and `ERR_COMPOSEFS_BLOB` for a blob that is another, too short or too
 *   long, or not compressed as it should be; `ERR_COMPOSEFS_TAR`; `ERR_COMPOSEFS_OCI` with `rule` and `path`; what the
 *   source or the store throws; the signal's reason
 */
export async function pullImage(image: ResolvedImage, options: PullOptions): Promise<Tree> {
	const { store, profile = "raw", parallel = 2, signal } = options;
	checkProfile(profile);
	checkParallel(parallel);
	const contents = new Contents(store, signal);
	const layers: Layer[] = [];
	const pull = async ([at, layer]: [number, ResolvedLayer], either: AbortSignal) => {
		layers[at] = await pullLayer(layer, at, contents, { ...options, signal: either });
	};
	try {
		await forEachParallel(image.layers.entries(), parallel, pull, signal);
		await contents.settled();
	} catch (error) {
		await contents.abandon(error);
		throw error;
	}
	await store.flush?.({ signal });
	return canonicalise(await stacked(layers, signal), profile, { signal });
}

function checkParallel(parallel: number): void {
	if (Number.isInteger(parallel) && parallel >= 1) return;
	const text = `parallel is ${parallel}, not a number of layers`;
	throw new ComposefsError("ERR_COMPOSEFS_ARGUMENT", text, { rule: "parallel" });
}

/** Lays layers over each other, from the lowest, and leaves nothing of them to be used again. */
async function stacked(layers: readonly Layer[], signal: AbortSignal | undefined): Promise<Tree> {
	let root: Directory = impliedDirectory();
	for (const layer of layers) root = await runInSlices(layOver(root, layer, true), signal);
	return new Tree(root);
}

async function pullLayer(
	layer: ResolvedLayer,
	at: number,
	contents: Contents,
	{ limits, signal, onProgress }: PullOptions,
): Promise<Layer> {
	const { descriptor, diffId } = layer;
	const { digest, size } = descriptor;
	const { layerSize, fileSize, entries } = { ...PULL_LIMITS, ...limits };
	const tell = (bytes: number, complete: boolean) =>
		onProgress?.({ layer: at, digest, bytes, size, complete });
	const blob = verifiedBlob(layer.blob, digest, size).read({ signal });
	const tar = decompress(
		counted(blob, (bytes) => tell(bytes, false)),
		{ signal, limit: layerSize },
	);
	// Its digest says what the tar is: what stands behind its end is passed over, as everybody does.
	const found = readTar(checked(tar, diffId, digest), { signal, end: "any" });
	const read = await readLayer(tarLayer(found, contents, fileSize), { signal, limits: { entries } });
	tell(size, true);
	return read;
}

async function* counted(
	source: AsyncIterable<Uint8Array>,
	tell: (bytes: number) => void,
): AsyncGenerator<Uint8Array> {
	let bytes = 0;
	for await (const piece of source) {
		bytes += piece.length;
		tell(bytes);
		yield piece;
	}
}

/** Bytes, whose digest is compared at their end. */
async function* checked(
	source: AsyncIterable<Uint8Array>,
	diffId: string,
	name: string,
): AsyncGenerator<Uint8Array> {
	const digester = new Digester(parseDigest(diffId).algorithm);
	for await (const bytes of source) {
		digester.update(bytes);
		yield bytes;
	}
	expectDigest(`${name}: diff_id`, diffId, digester.finish());
}
