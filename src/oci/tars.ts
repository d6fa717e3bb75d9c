/** Layers that are tars by themselves, without an image around them. */
import { decompress } from "../decompress.ts";
import { fillLimits } from "../limits.ts";
import { checkIsIterable } from "../lists.ts";
import type { ChunkSource } from "../pull.ts";
import { readTar } from "../tar/read.ts";
import type { Tree } from "../tree.ts";
import { stackLayers } from "./apply.ts";
import { type ContentStore, Contents, checkStore } from "./contents.ts";
import { type Layer, readLayerWithin } from "./layer.ts";
import { LayerBudget } from "./layer-budget.ts";
import { canonicalise, checkProfile, type Profile } from "./profile.ts";
import { PULL_LIMITS, type PullLimits } from "./pull.ts";
import { tarLayer } from "./tar-layer.ts";

export interface LayTarsOptions {
	/** Takes the contents of files of more than 64 bytes. */
	readonly store: ContentStore;
	/** Default: `raw` */
	readonly profile?: Profile | undefined;
	readonly limits?: Partial<PullLimits> | undefined;
	readonly signal?: AbortSignal | undefined;
}

/**
 * Lays archives over each other, in their order, as the layers of an image: whiteouts and opaque marks act on those
 * before. Each may be compressed. Nothing says what their digests should be, so each must end as an archive does.
 *
 * @throws ComposefsError `ERR_COMPOSEFS_TAR`, `ERR_COMPOSEFS_BLOB`, `ERR_COMPOSEFS_OCI` with `rule` and `path`; what the
 *   sources or the store throw; the signal's reason
 */
export async function layTars(tars: Iterable<ChunkSource>, options: LayTarsOptions): Promise<Tree> {
	checkIsIterable(tars, "archives");
	checkStore(options?.store);
	const { store, profile = "raw", signal } = options;
	const limits = fillLimits(PULL_LIMITS, options.limits);
	const { layerSize, fileSize } = limits;
	checkProfile(profile);
	const contents = new Contents(store, { signal });
	const budget = new LayerBudget(limits);
	const layers: Layer[] = [];
	try {
		for (const tar of tars) {
			const found = readTar(decompress(tar, { signal, limit: layerSize }), { signal, global: "refuse" });
			layers.push(await readLayerWithin(budget, tarLayer(found, contents, fileSize), signal));
		}
		await contents.settled();
	} catch (error) {
		await contents.abandon(error);
		throw error;
	}
	await store.flush?.({ signal });
	return canonicalise(await stackLayers(layers, signal), profile, { signal });
}
