/** The table of an eStargz layer: a file in a tar, in gzip members of its own at the layer's end. */
import { createHash } from "node:crypto";
import type { BlobSource } from "../blob.ts";
import { decompress } from "../decompress.ts";
import { ComposefsError } from "../errors.ts";
import { readTar } from "../tar/read.ts";
import { refuse } from "./fault.ts";
import { checkHash, type FetchContext, fetchRange, inflated } from "./fetch.ts";
import type { EstargzLocation } from "./location.ts";

const TOC_NAME = "stargz.index.json";

/** Fetches the text of a table, and checks its digest if that is known. */
export async function fetchEstargz(
	blob: BlobSource,
	{ start, end, digest }: EstargzLocation,
	context: FetchContext,
): Promise<Uint8Array[]> {
	const { limits, signal } = context;
	const { compressedSize: limit } = limits;
	const actual = end - start;
	if (actual > limit)
		refuse("compressed-size", `${blob.name}: a table of ${actual} bytes, the limit is ${limit}`, {
			limit,
			actual,
		});
	const bytes = await fetchRange(blob, start, end, context);
	const hash = createHash("sha256");
	const pieces: Uint8Array[] = [];
	try {
		const tar = inflated(decompress([bytes], { signal, limit: limits.size }));
		for await (const piece of tableIn(tar, blob, signal)) {
			hash.update(piece);
			pieces.push(piece);
		}
	} catch (error) {
		if (error instanceof ComposefsError && error.code === "ERR_COMPOSEFS_TAR")
			refuse("member", `${blob.name}: the tar with the table: ${error.message}`, { cause: error });
		throw error;
	}
	if (digest !== undefined) checkHash(blob, "the table", hash.digest("hex"), digest);
	return pieces;
}

/** The content of the only entry of a tar. */
async function* tableIn(
	tar: AsyncIterable<Uint8Array>,
	{ name }: BlobSource,
	signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array> {
	let count = 0;
	for await (const entry of readTar(tar, { signal, end: "any" })) {
		if (entry.name !== TOC_NAME || entry.type !== "file" || count++ > 0)
			refuse("member", `${name}: ${JSON.stringify(entry.name.slice(0, 80))} stands where ${TOC_NAME} should`);
		for await (const chunk of entry.content()) {
			if (!(chunk instanceof Uint8Array)) refuse("member", `${name}: ${TOC_NAME} is a sparse file`);
			yield chunk;
		}
	}
	if (count === 0) refuse("member", `${name}: there is no ${TOC_NAME} where the footer says`);
}
