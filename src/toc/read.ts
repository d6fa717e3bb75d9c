/** `readToc`: a layer's table of contents, from its blob to the entries of a layer. */
import { createHash } from "node:crypto";
import { type BlobSource, readBlob } from "../blob.ts";
import { decompress } from "../decompress.ts";
import { ComposefsError } from "../errors.ts";
import type { Inode } from "../inode.ts";
import type { LayerEntry } from "../oci/layer.ts";
import { readTar } from "../tar/read.ts";
import type { TocFile } from "./chunks.ts";
import { readDocument } from "./document.ts";
import { refuse, tocError } from "./fault.ts";
import { FRAME_HEADER_SIZE, isFrame } from "./footer.ts";
import { type KnownObject, LayerEntries } from "./layer-entries.ts";
import { TOC_LIMITS, type TocLimits } from "./limits.ts";
import { type LocateTocOptions, locateToc } from "./locate.ts";
import type { EstargzLocation, TocLocation, TocSpan, ZstdChunkedLocation } from "./location.ts";
import { joinTarSplit } from "./tar-split.ts";

export interface ReadTocOptions extends LocateTocOptions {
	/** Default: TOC_LIMITS */
	readonly limits?: Partial<TocLimits> | undefined;
	/**
	 * The object that has the content of a file, if there is one: the file then has its fs-verity digest and path, else
	 * neither. Without this, a file's path is `ab/cdef…` of the SHA-256 of its content, and it has no digest.
	 */
	readonly objectOf?: ((sha256: string, size: number) => KnownObject | undefined) | undefined;
}

/** A layer, as its table of contents describes it. */
export interface LayerToc {
	readonly location: TocLocation;
	/**
	 * True if an annotation has the table's digest. Else, a footer told of the table: it is no better than the blob,
	 * of which only the whole has a digest.
	 */
	readonly isVouched: boolean;
	/** In the order of the archive, whiteouts (`.wh.…`) among them. */
	readonly entries: readonly LayerEntry[];
	/** Where the content of files is: all that are not empty. */
	readonly files: ReadonlyMap<Inode, TocFile>;
}

/**
 * Reads a layer's table of contents: one request for the footer where it is needed, and one for the table, with the
 * tar-split. Digests are checked before anything is parsed. Undefined if the layer has no table.
 *
 * Without a tar-split, the bytes of names that are not UTF-8 are lost: such a table is refused (`name-lossy`), and
 * the layer has to be read as a whole.
 *
 * @throws ComposefsError `ERR_COMPOSEFS_TOC`; `ERR_COMPOSEFS_DIGEST`, if the table is not the one that the annotation
 *   names; what the blob throws; the reason of `signal`
 */
export async function readToc(blob: BlobSource, options: ReadTocOptions = {}): Promise<LayerToc | undefined> {
	const { signal, objectOf } = options;
	const limits = { ...TOC_LIMITS, ...options.limits };
	const location = await locateToc(blob, options);
	if (location === undefined) return undefined;
	const layer = new LayerEntries({ location, limits, objectOf });
	const isVouched = location.digest !== undefined;
	if (location.format === "estargz") {
		const text = await estargzText(blob, location, { limits, signal });
		await readDocument(text, layer, { signal, limit: limits.size });
		layer.finish();
		refuseLossy(layer);
		return { location, isVouched, entries: layer.entries, files: layer.files };
	}
	const entries = await readZstdChunked(blob, location, layer, { limits, signal });
	return { location, isVouched, entries, files: layer.files };
}

interface Context {
	readonly limits: TocLimits;
	readonly signal: AbortSignal | undefined;
}

async function readZstdChunked(
	blob: BlobSource,
	location: ZstdChunkedLocation,
	layer: LayerEntries,
	context: Context,
): Promise<readonly LayerEntry[]> {
	const { toc, tarSplit } = await fetchSpans(blob, location, context);
	if (location.digest !== undefined) checkDigest(blob, "the table", toc, location.digest);
	const { signal, limits } = context;
	const text = inflate(toc, location.toc, context);
	const { tarSplitDigest } = await readDocument(text, layer, { signal, limit: limits.size });
	layer.finish();
	if (tarSplitDigest === undefined && tarSplit === undefined) {
		refuseLossy(layer);
		return layer.entries;
	}
	if (tarSplitDigest === undefined)
		refuse("tar-split", `${blob.name}: the table has no digest of its tar-split`);
	if (tarSplit === undefined || location.tarSplit === undefined)
		refuse("tar-split", `${blob.name}: nothing says where the tar-split is`);
	checkDigest(blob, "the tar-split", tarSplit, tarSplitDigest);
	const split = inflate(tarSplit, location.tarSplit, context);
	return joinTarSplit(split, layer.entries, { signal, limit: limits.size });
}

/** The compressed table and tar-split. They stand side by side, so one request brings both. */
async function fetchSpans(
	blob: BlobSource,
	{ toc, tarSplit }: ZstdChunkedLocation,
	context: Context,
): Promise<{ toc: Buffer; tarSplit: Buffer | undefined }> {
	const size = await blob.size({ signal: context.signal });
	for (const span of [toc, tarSplit]) if (span !== undefined) checkSpan(blob, span, size, context.limits);
	const begin = toc.offset - FRAME_HEADER_SIZE;
	const end = toc.offset + toc.compressedSize;
	if (tarSplit === undefined) return { toc: await fetchFrame(blob, begin, end, context), tarSplit };
	const splitBegin = tarSplit.offset - FRAME_HEADER_SIZE;
	const splitEnd = tarSplit.offset + tarSplit.compressedSize;
	if (splitBegin !== end)
		return {
			toc: await fetchFrame(blob, begin, end, context),
			tarSplit: await fetchFrame(blob, splitBegin, splitEnd, context),
		};
	const both = await fetchRange(blob, begin, splitEnd, context);
	return {
		toc: unframe(blob, both.subarray(0, end - begin)),
		tarSplit: unframe(blob, both.subarray(end - begin)),
	};
}

function checkSpan(blob: BlobSource, span: TocSpan, blobSize: number, limits: TocLimits): void {
	const { offset, compressedSize, size } = span;
	if (offset < FRAME_HEADER_SIZE || offset + compressedSize > blobSize)
		refuse(
			"bounds",
			`${blob.name}: bytes ${offset} to ${offset + compressedSize} are not in a blob of ${blobSize}`,
		);
	for (const [rule, actual, limit] of [
		["compressed-size", compressedSize, limits.compressedSize],
		["size", size, limits.size],
	] as const)
		if (actual > limit)
			refuse(rule, `${blob.name}: a table of ${actual} bytes, the limit is ${limit}`, { limit, actual });
}

async function fetchFrame(blob: BlobSource, start: number, end: number, context: Context): Promise<Buffer> {
	return unframe(blob, await fetchRange(blob, start, end, context));
}

async function fetchRange(
	blob: BlobSource,
	start: number,
	end: number,
	{ signal }: Context,
): Promise<Buffer> {
	const bytes = await readBlob(blob, { range: { start, end }, signal, limit: end - start });
	if (bytes.length < end - start)
		refuse("bounds", `${blob.name}: it ended ${end - start - bytes.length} bytes before byte ${end}`);
	return bytes;
}

/** What is in a skippable frame. */
function unframe(blob: BlobSource, frame: Buffer): Buffer {
	const size = frame.length - FRAME_HEADER_SIZE;
	if (!isFrame(frame, 0, size))
		refuse("bounds", `${blob.name}: no skippable frame of ${size} bytes is where the table is`);
	return frame.subarray(FRAME_HEADER_SIZE);
}

function checkDigest(blob: BlobSource, what: string, bytes: Uint8Array, expected: string): void {
	checkHash(blob, what, createHash("sha256").update(bytes).digest("hex"), expected);
}

function checkHash(blob: BlobSource, what: string, hex: string, expected: string): void {
	const actual = `sha256:${hex}`;
	if (actual === expected) return;
	const message = `${blob.name}: ${what} has the digest ${actual}, not ${expected}`;
	throw new ComposefsError("ERR_COMPOSEFS_DIGEST", message, { rule: "toc-digest", expected, actual });
}

const ZSTD_MAGIC = 0xfd2fb528;

/** The text in a span: as many bytes as it says. */
async function* inflate(bytes: Buffer, { size }: TocSpan, { signal }: Context): AsyncGenerator<Uint8Array> {
	if (bytes.length < 4 || bytes.readUInt32LE(0) !== ZSTD_MAGIC)
		refuse("compression", "the table is not compressed with zstd");
	let found = 0;
	for await (const piece of inflated(decompress([bytes], { signal, limit: size }))) {
		found += piece.length;
		yield piece;
	}
	if (found !== size) refuse("compression", `the table has ${found} bytes, and should have ${size}`);
}

/** Words for what cannot be decompressed. */
async function* inflated(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
	try {
		yield* source;
	} catch (error) {
		if (error instanceof ComposefsError && error.code === "ERR_COMPOSEFS_BLOB")
			refuse("compression", `the table: ${error.message}`, { cause: error });
		throw error;
	}
}

const TOC_NAME = "stargz.index.json";

/** The text of an eStargz table: the content of the tar entry that the gzip members at its place hold. */
async function estargzText(
	blob: BlobSource,
	{ start, end, digest }: EstargzLocation,
	context: Context,
): Promise<Uint8Array[]> {
	const { limits, signal } = context;
	const { compressedSize: limit } = limits;
	if (end - start > limit)
		refuse("compressed-size", `${blob.name}: a table of ${end - start} bytes, the limit is ${limit}`, {
			limit,
		});
	const bytes = await fetchRange(blob, start, end, context);
	const tar = inflated(decompress([bytes], { signal, limit: limits.size }));
	const hash = createHash("sha256");
	const pieces: Uint8Array[] = [];
	for await (const entry of readTar(tar, { signal, end: "any" })) {
		if (entry.name !== TOC_NAME || entry.type !== "file" || pieces.length > 0)
			refuse(
				"member",
				`${blob.name}: ${JSON.stringify(entry.name.slice(0, 80))} stands where ${TOC_NAME} should`,
			);
		for await (const chunk of entry.content()) {
			if (!(chunk instanceof Uint8Array)) refuse("member", `${blob.name}: ${TOC_NAME} is a sparse file`);
			hash.update(chunk);
			pieces.push(chunk);
		}
	}
	if (pieces.length === 0) refuse("member", `${blob.name}: there is no ${TOC_NAME} where the footer says`);
	if (digest !== undefined) checkHash(blob, "the table", hash.digest("hex"), digest);
	return pieces;
}

function refuseLossy({ lossy }: LayerEntries): void {
	if (lossy === undefined) return;
	const text = `${lossy.path}: U+FFFD may stand for bytes that only the tar has`;
	throw tocError("name-lossy", lossy.offset, text, { path: lossy.path });
}
