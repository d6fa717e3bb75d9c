/** `readToc`: a layer's table of contents, from its blob to the entries of a layer. */
import type { BlobSource } from "../blob.ts";
import type { Inode } from "../inode.ts";
import type { LayerEntry } from "../layer-entry.ts";
import { fillLimits } from "../limits.ts";
import { Slices } from "../slices.ts";
import { decodeXattrName } from "../tar/xattrs.ts";
import type { TocFile } from "./chunks.ts";
import { readDocument } from "./document.ts";
import { fetchEstargz } from "./estargz.ts";
import { refuse, tocError } from "./fault.ts";
import { checkDigest, type FetchContext } from "./fetch.ts";
import { type KnownObject, LayerEntries } from "./layer-entries.ts";
import { TOC_LIMITS, type TocLimits } from "./limits.ts";
import { type LocateTocOptions, locateToc } from "./locate.ts";
import type { TocLocation, ZstdChunkedLocation } from "./location.ts";
import { joinTarSplit } from "./tar-split.ts";
import { fetchZstdChunked, inflateSpan } from "./zstd-chunked.ts";

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
	 * True if an annotation has the table's digest. Otherwise only a footer names it: no more reliable than the blob,
	 * which has a digest only as a whole.
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
	const limits = fillLimits(TOC_LIMITS, options.limits);
	const location = await locateToc(blob, options);
	if (location === undefined) return undefined;
	const layer = new LayerEntries({ location, limits, objectOf });
	const isVouched = location.digest !== undefined;
	if (location.format === "estargz") {
		const text = await fetchEstargz(blob, location, { limits, signal });
		await readDocument(text, layer, { signal, limit: limits.size });
		layer.finish();
		refuseLossy(layer);
		await decodeXattrNames(layer, signal);
		return { location, isVouched, entries: layer.entries, files: layer.files };
	}
	const entries = await readZstdChunked(blob, location, layer, { limits, signal });
	return { location, isVouched, entries, files: layer.files };
}

async function readZstdChunked(
	blob: BlobSource,
	location: ZstdChunkedLocation,
	layer: LayerEntries,
	context: FetchContext,
): Promise<readonly LayerEntry[]> {
	const { signal, limits } = context;
	const { toc, tarSplit } = await fetchZstdChunked(blob, location, context);
	const { digest: expected } = location;
	if (expected !== undefined) await checkDigest(blob, "the table", toc, { expected, signal });
	const text = inflateSpan(toc, location.toc, context);
	const { tarSplitDigest } = await readDocument(text, layer, { signal, limit: limits.size });
	layer.finish();
	if (tarSplitDigest === undefined && tarSplit === undefined) {
		refuseLossy(layer);
		await decodeXattrNames(layer, signal);
		return layer.entries;
	}
	if (tarSplitDigest === undefined)
		refuse("tar-split", `${blob.name}: the table has no digest of its tar-split`);
	if (tarSplit === undefined || location.tarSplit === undefined)
		refuse("tar-split", `${blob.name}: nothing says where the tar-split is`);
	await checkDigest(blob, "the tar-split", tarSplit, { expected: tarSplitDigest, signal });
	const split = inflateSpan(tarSplit, location.tarSplit, context);
	return joinTarSplit(split, layer.entries, { signal, limit: limits.size });
}

function refuseLossy({ lossy }: LayerEntries): void {
	if (lossy === undefined) return;
	const text = `${lossy.path}: U+FFFD may stand for bytes that only the tar has`;
	throw tocError("name-lossy", lossy.offset, text, { path: lossy.path });
}

/** Writers in Go take the keys of records for names: what GNU tar escapes in them is read here as in the tar. */
async function decodeXattrNames({ entries }: LayerEntries, signal: AbortSignal | undefined): Promise<void> {
	const slices = new Slices(signal);
	for (const [index, { name, inode }] of entries.entries()) {
		if (index % ENTRIES_PER_CHECK === 0 && slices.isOver()) await slices.next();
		if (inode?.xattrs === undefined || !hasEscapes(inode.xattrs)) continue;
		const decoded = Array.from(inode.xattrs, ([key, value]) => [decodeXattrName(key), value] as const);
		const xattrs = new Map(decoded);
		if (xattrs.size < decoded.length)
			throw tocError("key-duplicate", 0, `${name}: an xattr comes twice`, { path: name });
		inode.xattrs = xattrs;
	}
}

const ENTRIES_PER_CHECK = 256;

function hasEscapes(xattrs: ReadonlyMap<string, Uint8Array>): boolean {
	for (const name of xattrs.keys()) if (name.includes("%")) return true;
	return false;
}
