/** What tables of contents name and the store lacks is fetched, checked and put into the store. */
import { type ContentChunk, INLINE_SIZE } from "../../content.ts";
import { trace } from "../../diagnostics.ts";
import { forEachParallel } from "../../parallel.ts";
import type { LayerToc } from "../../toc/read.ts";
import { type Contents, gather } from "../contents.ts";
import type { ResolvedLayer } from "../image.ts";
import type { FilledOptions } from "../pull.ts";
import { type Batch, batchesOf } from "./batches.ts";
import { checkedContent, type Rest } from "./checked-content.ts";
import { ChunkBytes, readPieces } from "./chunk-bytes.ts";
import { lengthOf } from "./ranges.ts";
import { giveContent, type WantedContent, wantedContents } from "./wanted.ts";

/** A layer that is read by its table. */
export interface TableLayer {
	readonly layer: ResolvedLayer;
	/** Its place in the image. */
	readonly at: number;
	readonly toc: LayerToc;
}

interface Fetch {
	readonly table: TableLayer;
	readonly batch: Batch;
	readonly tell: (bytes: number) => void;
}

/** Requests at once, of all layers together. */
const PARALLEL = 3;

/** Brings the content of all files of these layers of an image, which stand in their order. */
export async function fetchMissing(
	image: string,
	tables: readonly TableLayer[],
	contents: Contents,
	options: FilledOptions,
): Promise<void> {
	if (tables.length === 0) return;
	const begin = () => ({ image, layers: tables.map(({ at }) => at) });
	await trace("composefs:fetch-missing", begin, () => fetchAll(tables, contents, options), sumOf);
}

function sumOf(fetches: readonly Fetch[]): { contents: number; requests: number; bytes: number } {
	const sum = { contents: 0, requests: fetches.length, bytes: 0 };
	for (const { batch } of fetches) {
		sum.contents += batch.contents.length;
		sum.bytes += lengthOf(batch.ranges);
	}
	return sum;
}

async function fetchAll(
	tables: readonly TableLayer[],
	contents: Contents,
	{ signal, onProgress, limits }: FilledOptions,
): Promise<readonly Fetch[]> {
	const rest = { left: limits.layerSize };
	const wanted = await wantedContents(
		tables.map(({ toc }) => toc),
		(names) => contents.find(names),
		signal,
	);
	const fetches: Fetch[] = [];
	const done: (() => void)[] = [];
	for (const [index, table] of tables.entries()) {
		const batches = [...batchesOf(wanted[index]?.missing ?? [], table.layer.blob.ignoresRanges)];
		const size = batches.reduce((sum, { ranges }) => sum + lengthOf(ranges), 0);
		const { digest } = table.layer.descriptor;
		let bytes = 0;
		const report = (complete: boolean) => onProgress?.({ layer: table.at, digest, bytes, size, complete });
		const tell = (count: number) => {
			bytes += count;
			report(false);
		};
		for (const batch of batches) fetches.push({ table, batch, tell });
		done.push(() => report(true));
	}
	await forEachParallel(
		fetches,
		PARALLEL,
		(fetch, either) => fetchBatch(fetch, contents, rest, either),
		signal,
	);
	for (const report of done) report();
	return fetches;
}

async function fetchBatch(
	{ table, batch, tell }: Fetch,
	contents: Contents,
	rest: Rest,
	signal: AbortSignal,
): Promise<void> {
	const { blob } = table.layer;
	const bytes = new ChunkBytes(blob.name, readPieces(blob, batch.ranges, signal), tell);
	try {
		for (const wanted of batch.contents)
			await keepContent(checkedContent(wanted, bytes, rest, signal), wanted, contents);
	} finally {
		bytes.close();
	}
}

async function keepContent(
	content: AsyncIterable<ContentChunk>,
	{ sha256, size, inodes }: WantedContent,
	contents: Contents,
): Promise<void> {
	if (size > INLINE_SIZE) {
		await contents.keep(size, content, (stored) => {
			for (const inode of inodes) giveContent(inode, stored);
			contents.remember(sha256, { digest: stored.digest, size });
			contents.fetched(size);
		});
		return;
	}
	const inline = Uint8Array.from(await gather(size, content));
	for (const inode of inodes) giveContent(inode, inline);
	contents.remember(sha256, inline);
}
