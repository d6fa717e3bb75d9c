/** `planPull`: what a pull would fetch. */
import type { ByteRange } from "../../blob.ts";
import { argumentError, type ComposefsError } from "../../errors.ts";
import { fillLimits } from "../../limits.ts";
import { checkParallel, forEachParallel } from "../../parallel.ts";
import { checkImage } from "../arguments.ts";
import type { ContentStore } from "../contents.ts";
import type { ResolvedImage } from "../image.ts";
import { PULL_LIMITS, type PullLimits } from "../pull.ts";
import { batchesOf } from "./batches.ts";
import { lengthOf } from "./ranges.ts";
import { type FoundTable, findTable } from "./table.ts";
import { type LayerContents, wantedContents } from "./wanted.ts";

export interface PlanOptions {
	/** What it has is not fetched. */
	readonly store: Pick<ContentStore, "find">;
	/** Layers whose tables are read at once. Default: 2 */
	readonly parallel?: number | undefined;
	readonly limits?: Partial<PullLimits> | undefined;
	readonly signal?: AbortSignal | undefined;
}

/** What is to be fetched: of an image, or of a layer. */
export interface PullCosts {
	/** Files that are not empty; of a layer that is read as a whole, nobody knows yet. */
	readonly files: number;
	/** Different contents that the store lacks. */
	readonly missing: number;
	/** Bytes of those contents, uncompressed. */
	readonly bytes: number;
	/** Bytes of blobs to be fetched, without tables of contents. */
	readonly fetched: number;
	/** Requests for them, if the server gives several ranges at once. */
	readonly requests: number;
	/** Bytes of blobs that are not to be fetched. */
	readonly saved: number;
}

export interface LayerPlan extends PullCosts {
	readonly digest: string;
	/** Bytes of the blob */
	readonly size: number;
	/** Whether the layer is read by its table of contents. */
	readonly partial: boolean;
	/** What is wrong with the table, where there is one that cannot be used. */
	readonly refusal: ComposefsError | undefined;
	/** Of the blob: ascending and apart. */
	readonly ranges: readonly ByteRange[];
}

export interface PullPlan extends PullCosts {
	/** From the lowest. */
	readonly layers: readonly LayerPlan[];
}

/**
 * What `pullImage` would fetch with that store, now. Reads tables of contents, and no content.
 *
 * @throws as `pullImage`, for what is not content
 */
export async function planPull(image: ResolvedImage, options: PlanOptions): Promise<PullPlan> {
	checkImage(image);
	checkPlanStore(options?.store);
	const { store, parallel = 2, signal } = options;
	checkParallel(parallel, "tables");
	const limits = fillLimits(PULL_LIMITS, options.limits);
	const tables: FoundTable[] = [];
	const read = async ([at, layer]: [number, ResolvedImage["layers"][number]], either: AbortSignal) => {
		tables[at] = await findTable(layer, limits, either);
	};
	await forEachParallel(image.layers.entries(), parallel, read, signal);
	const known = tables.map(({ toc }) => toc).filter((toc) => toc !== undefined);
	const find = async (names: Parameters<NonNullable<ContentStore["find"]>>[0]) =>
		(await store.find?.(names, { signal })) ?? [];
	const wanted = await wantedContents(known, find, signal);
	const contents = new Map(known.map((toc, index) => [toc, wanted[index]]));
	const layers = image.layers.map(({ descriptor }, at): LayerPlan => {
		const { digest, size } = descriptor;
		const { toc, refusal } = tables[at] ?? {};
		const own = toc && contents.get(toc);
		if (own !== undefined) return { digest, size, partial: true, refusal, ...layerCosts(own, size) };
		const whole = { files: 0, missing: 0, bytes: 0, fetched: size, requests: 1, saved: 0 };
		return { digest, size, partial: false, refusal, ...whole, ranges: [{ start: 0, end: size }] };
	});
	return { layers, ...sumOf(layers) };
}

/** One that cannot find anything has nothing. */
function checkPlanStore(store: PlanOptions["store"] | undefined): void {
	if (typeof store === "object" && store !== null) return;
	throw argumentError("a store is needed, to see what is there already");
}

function layerCosts({ files, missing }: LayerContents, size: number): PullCosts & Pick<LayerPlan, "ranges"> {
	const batches = [...batchesOf(missing)];
	const ranges = batches.flatMap((batch) => batch.ranges);
	const fetched = lengthOf(ranges);
	const bytes = missing.reduce((sum, content) => sum + content.size, 0);
	return {
		files,
		missing: missing.length,
		bytes,
		fetched,
		requests: batches.length,
		saved: size - fetched,
		ranges,
	};
}

function sumOf(layers: readonly PullCosts[]): PullCosts {
	const sum = (field: keyof PullCosts) => layers.reduce((total, layer) => total + layer[field], 0);
	return {
		files: sum("files"),
		missing: sum("missing"),
		bytes: sum("bytes"),
		fetched: sum("fetched"),
		requests: sum("requests"),
		saved: sum("saved"),
	};
}
