/** Finds a layer's table of contents: by annotations, or by its footer. */
import { type BlobSource, checkIsBlob, readBlob, sizeOfBlob } from "../blob.ts";
import { readAnnotations } from "./annotations.ts";
import { refuse } from "./fault.ts";
import { FOOTER_SIZE, readFooter } from "./footer.ts";
import type { TocLocation } from "./location.ts";

export interface LocateTocOptions {
	/** Of the layer's descriptor. */
	readonly annotations?: ReadonlyMap<string, string> | undefined;
	readonly signal?: AbortSignal | undefined;
}

/**
 * Where a layer's table of contents is, or undefined if it has none. Without annotations that say so, or for
 * eStargz, one request reads the blob's last 72 bytes.
 *
 * @throws ComposefsError `ERR_COMPOSEFS_TOC` for annotations or a footer that make no sense
 */
export async function locateToc(
	blob: BlobSource,
	{ annotations = new Map(), signal }: LocateTocOptions = {},
): Promise<TocLocation | undefined> {
	checkIsBlob(blob);
	const annotated = readAnnotations(annotations);
	if (annotated?.format === "zstd:chunked") return annotated;
	const size = await sizeOfBlob(blob, signal);
	const range = { start: Math.max(0, size - FOOTER_SIZE), end: size };
	const found = readFooter(await readBlob(blob, { range, signal, limit: FOOTER_SIZE }), size);
	if (annotated === undefined) return found;
	if (found?.format !== "estargz")
		refuse("footer", `${blob.name}: an annotation promises eStargz, and the blob has no footer of it`);
	return { ...found, digest: annotated.digest };
}
