/** `pullImage`: contents of an image into a store, and its layers into one tree. */
import { decompress } from "../decompress.ts";
import { trace } from "../diagnostics.ts";
import type { ComposefsError } from "../errors.ts";
import { type OptionNames, refuseUnknown } from "../known-options.ts";
import { fillLimits } from "../limits.ts";
import { checkParallel, forEachParallel } from "../parallel.ts";
import { readTar } from "../tar/read.ts";
import type { Tree } from "../tree.ts";
import { stackLayers } from "./apply.ts";
import { checkImage } from "./arguments.ts";
import { type ContentStore, Contents, checkStore } from "./contents.ts";
import { Digester, parseDigest } from "./digest.ts";
import type { ResolvedImage, ResolvedLayer } from "./image.ts";
import { LAYER_LIMITS, type Layer, type LayerLimits, readLayerWithin } from "./layer.ts";
import { LayerBudget } from "./layer-budget.ts";
import { fetchMissing, type TableLayer } from "./partial/fetch.ts";
import { type FoundTable, findTable } from "./partial/table.ts";
import { canonicalise, checkProfile, type Profile } from "./profile.ts";
import { tarLayer } from "./tar-layer.ts";
import { expectDigest, readVerified, verifiedBlob } from "./verified.ts";

/** How much of an image is read: entries and metadata of all its layers together. */
export interface PullLimits extends LayerLimits {
	/** Bytes of each layer's tar, uncompressed. Default: 2^38, which is 256 GiB */
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
	/** Bytes of the blob that are to come: all of them, or, by a table of contents, those that are missing. */
	readonly size: number;
	/** Whether all of that has come and is what it should be. */
	readonly complete: boolean;
}

/** How a layer is read. */
export interface LayerChoice {
	/** Its place in the image, from 0 for the lowest. */
	readonly layer: number;
	readonly digest: string;
	/** Whether only what the store lacks is fetched, by the layer's table of contents. */
	readonly partial: boolean;
	/** What is wrong with the table, where the layer has one that cannot be used. */
	readonly refusal: ComposefsError | undefined;
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
	/** Told of each layer, before its content is read. */
	readonly onLayer?: ((choice: LayerChoice) => void) | undefined;
	/**
	 * Use tables of contents (zstd:chunked, eStargz). Default: true. Of such a layer, what is read is what the manifest
	 * vouches for by the table's digest; the diff_id, which is of the whole tar, is not checked.
	 */
	readonly partial?: boolean | undefined;
	/** Remember the SHA-256 of files of layers without a table, too, for later pulls. Default: false */
	readonly remember?: boolean | undefined;
}

const NAMES: OptionNames<PullOptions> = {
	store: true,
	profile: true,
	parallel: true,
	limits: true,
	signal: true,
	onProgress: true,
	onLayer: true,
	partial: true,
	remember: true,
};

/** The options of a pull with all its limits. */
export type FilledOptions = PullOptions & { readonly limits: PullLimits };

/**
 * Reads the layers of an image: every blob is checked against its digest and size, and the tar in it against the
 * config's diff_id, while they are read. Contents go into the store, flushed at the end. The tree is that of all layers,
 * as `applyLayer` puts them over each other.
 *
 * Of a layer whose manifest names a table of contents, only what the store lacks is fetched, and it is checked against
 * the table, as that is against the manifest: each chunk and each file. It is not checked against the diff_id.
 *
 * Where it fails there is no tree; the store has whole objects only, which another attempt finds again.
 *
 * @throws ComposefsError `ERR_COMPOSEFS_DIGEST` and `ERR_COMPOSEFS_BLOB` for a blob that is another, too short or too
 *   long, or not compressed as it should be; `ERR_COMPOSEFS_TAR`; `ERR_COMPOSEFS_OCI` with `rule` and `path`; what the
 *   source or the store throws; the signal's reason
 */
export async function pullImage(image: ResolvedImage, options: PullOptions): Promise<Tree> {
	checkImage(image);
	checkStore(options?.store);
	// A misspelt `partial` would leave the diff_id unchecked.
	refuseUnknown(options, NAMES);
	const { store, profile = "raw", parallel = 2, signal } = options;
	checkProfile(profile);
	checkParallel(parallel, "layers");
	const contents = new Contents(store, { signal, remember: options.remember });
	const filled: FilledOptions = { ...options, limits: fillLimits(PULL_LIMITS, options.limits) };
	const budget = new LayerBudget(filled.limits);
	const layers: Layer[] = [];
	const tables: TableLayer[] = [];
	const pull = async ([at, layer]: [number, ResolvedLayer], either: AbortSignal) => {
		const own = { ...filled, signal: either };
		const { digest, size } = layer.descriptor;
		const work = async () => {
			const found = await chooseTable(layer, at, own);
			const { toc } = found;
			layers[at] = await (toc === undefined
				? pullLayer(layer, at, contents, budget, own)
				: readLayerWithin(budget, toc.entries, either));
			if (toc !== undefined) tables[at] = { layer, at, toc };
			return found;
		};
		const begin = () => ({ image: image.name, layer: at, digest, size });
		await trace("composefs:pull-layer", begin, work, ({ toc, refusal }) => ({
			partial: toc !== undefined,
			refusal,
		}));
	};
	try {
		await forEachParallel(image.layers.entries(), parallel, pull, signal);
		// Lower layers first, whichever table came first.
		await fetchMissing(image.name, Object.values(tables), contents, filled);
		await contents.settled();
	} catch (error) {
		await contents.abandon(error);
		throw error;
	}
	await store.flush?.({ signal });
	return canonicalise(await stackLayers(layers, signal), profile, { signal });
}

/** The layer's table, if it is to be used; else what is wrong with it, if there is one. */
async function chooseTable(
	layer: ResolvedLayer,
	at: number,
	{ limits, partial = true, onLayer, signal }: FilledOptions,
): Promise<FoundTable> {
	const { digest } = layer.descriptor;
	const none = { toc: undefined, refusal: undefined };
	const found = partial ? await findTable(layer, limits, signal) : none;
	onLayer?.({ layer: at, digest, partial: found.toc !== undefined, refusal: found.refusal });
	return found;
}

async function pullLayer(
	layer: ResolvedLayer,
	at: number,
	contents: Contents,
	budget: LayerBudget,
	{ limits, signal, onProgress }: FilledOptions,
): Promise<Layer> {
	const { descriptor, diffId } = layer;
	const { digest, size } = descriptor;
	const { layerSize, fileSize } = limits;
	const tell = (bytes: number, complete: boolean) =>
		onProgress?.({ layer: at, digest, bytes, size, complete });
	const blob = verifiedBlob(layer.blob, digest, size).read({ signal });
	const work = (bytes: AsyncIterable<Uint8Array>) => {
		const told = counted(bytes, (count) => tell(count, false));
		const tar = checked(decompress(told, { signal, limit: layerSize }), diffId, digest);
		// Its digest says what the tar is: what stands behind its end is passed over, as everybody does.
		const found = readTar(tar, { signal, end: "any", global: "refuse" });
		return readLayerWithin(budget, tarLayer(found, contents, fileSize), signal);
	};
	const read = await readVerified(blob, work, layerSize);
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
