/** `describeLayer`: a layer that any tool made becomes one of an image. */
import { abortable } from "../abortable.ts";
import { type BlobSource, checkIsBlob } from "../blob.ts";
import { compressionOf } from "../compression.ts";
import { decompress } from "../decompress.ts";
import { argumentError, inFile } from "../errors.ts";
import { fillLimits } from "../limits.ts";
import { MEDIA_TYPES } from "../media-types.ts";
import { readTar } from "../tar/index.ts";
import { Digester } from "./digest.ts";
import type { ResolvedLayer } from "./image.ts";
import { PULL_LIMITS, type PullLimits } from "./pull.ts";

export interface DescribeLayerOptions {
	readonly signal?: AbortSignal | undefined;
	/** Default: PULL_LIMITS */
	readonly limits?: Partial<Pick<PullLimits, "layerSize">> | undefined;
}

const LAYERS = { gzip: MEDIA_TYPES.layerGzip, zstd: MEDIA_TYPES.layerZstd } as const;

/**
 * Reads a blob that is an archive, plain or compressed with gzip or zstd, for what manifests and configs say of a layer:
 * its digest, size and media type, and the digest of the archive in it. The result is a layer for `makeImage`.
 *
 * The archive is read to its end, without what is in its files; whether its entries make a layer is found when an image
 * of it is pulled. Of a layer with a table of contents the annotations are its writer's to give: without them, it is
 * pulled as a whole.
 *
 * @throws ComposefsError `ERR_COMPOSEFS_TAR` for what is no archive; `ERR_COMPOSEFS_BLOB` for what is damaged, or takes
 *   more than `limits.layerSize`; what the blob throws; the reason of `signal`
 */
export async function describeLayer(
	blob: BlobSource,
	{ signal, limits }: DescribeLayerOptions = {},
): Promise<ResolvedLayer> {
	checkIsBlob(blob);
	const { layerSize } = fillLimits(PULL_LIMITS, limits);
	const compressed = new Meter();
	const plain = new Meter();
	const bytes = compressed.pass(abortable(blob.read({ signal }), signal));
	const archive = plain.pass(decompress(bytes, { signal, limit: layerSize }));
	try {
		// As `pullImage` reads it: what stands behind its end is part of its digest, and of nothing else.
		for await (const _entry of readTar(archive, { signal, end: "any", global: "refuse" }));
	} catch (error) {
		throw inFile(error, blob.name);
	}
	const compression = compressionOf(compressed.head);
	const descriptor = {
		mediaType: compression === undefined ? MEDIA_TYPES.layer : LAYERS[compression],
		digest: compressed.finish(),
		size: compressed.size,
		annotations: new Map<string, string>(),
	};
	return { descriptor, diffId: plain.finish(), blob };
}

const HEAD = 4;

/** What passes, counted and hashed; its first bytes say what it is. */
class Meter extends Digester {
	size = 0;
	head: Uint8Array = new Uint8Array(0);

	constructor() {
		super("sha256");
	}

	async *pass(source: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): AsyncGenerator<Uint8Array> {
		for await (const piece of source) {
			if (!(piece instanceof Uint8Array)) throw argumentError("a blob gives Uint8Arrays", { rule: "blob" });
			this.size += piece.length;
			if (this.head.length < HEAD) this.head = Buffer.concat([this.head, piece.subarray(0, HEAD)]);
			this.update(piece);
			yield piece;
		}
	}
}
