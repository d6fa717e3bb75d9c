/** Whether a layer's table of contents is used, and what it says. */
import { ComposefsError } from "../../errors.ts";
import { readAnnotations } from "../../toc/annotations.ts";
import { type LayerToc, readToc } from "../../toc/read.ts";
import { ociError } from "../fault.ts";
import type { ResolvedLayer } from "../image.ts";
import type { PullLimits } from "../pull.ts";

/** A table, or why the layer has to be read as a whole; neither where its annotations tell of no table. */
export interface FoundTable {
	readonly toc: LayerToc | undefined;
	readonly refusal: ComposefsError | undefined;
}

const NONE: FoundTable = { toc: undefined, refusal: undefined };

/**
 * The table that a layer's annotations name. They are part of the manifest, and so is the table's digest: a footer alone
 * would vouch for nothing, and is not looked for.
 *
 * @throws ComposefsError `ERR_COMPOSEFS_OCI`, rule `file-size` or `layer-size`; what the blob throws; the signal's reason
 */
export async function findTable(
	{ blob, descriptor }: ResolvedLayer,
	limits: PullLimits,
	signal: AbortSignal | undefined,
): Promise<FoundTable> {
	const { annotations } = descriptor;
	let toc: LayerToc | undefined;
	try {
		if (readAnnotations(annotations) === undefined) return NONE;
		toc = await readToc(blob, {
			annotations,
			objectOf: () => undefined,
			signal,
			limits: { entries: limits.entries },
		});
	} catch (error) {
		signal?.throwIfAborted();
		if (!isRefusal(error)) throw error;
		return { toc: undefined, refusal: error };
	}
	if (toc === undefined || !toc.isVouched) return NONE;
	checkSizes(toc, limits);
	return { toc, refusal: undefined };
}

/** What is wrong with a table, and not with the way to it. */
function isRefusal(error: unknown): error is ComposefsError {
	if (!(error instanceof ComposefsError)) return false;
	return error.code === "ERR_COMPOSEFS_TOC" || error.rule === "toc-digest";
}

/** A layer that is read as a whole has the same limits. */
function checkSizes({ entries, files }: LayerToc, { fileSize, layerSize }: PullLimits): void {
	let bytes = 0;
	for (const { name: path, inode } of entries) {
		const file = inode && files.get(inode);
		if (file === undefined) continue;
		const { size: actual } = file;
		if (actual > fileSize) {
			const text = `${path}: takes ${actual} bytes, the limit of a file is ${fileSize}`;
			throw ociError("file-size", text, { path, limit: fileSize, actual });
		}
		for (const { range, size } of file.chunks) if (range !== undefined) bytes += size;
	}
	if (bytes <= layerSize) return;
	const text = `the files of a layer take ${bytes} bytes, the limit is ${layerSize}`;
	throw ociError("layer-size", text, { limit: layerSize, actual: bytes });
}
