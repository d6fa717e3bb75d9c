/** The table and tar-split of a zstd:chunked layer: two skippable frames at its end. */
import { type BlobSource, sizeOfBlob } from "../blob.ts";
import { compressionOf } from "../compression.ts";
import { decompress } from "../decompress.ts";
import { refuse } from "./fault.ts";
import { type FetchContext, fetchRange, inflated } from "./fetch.ts";
import { FRAME_HEADER_SIZE, isFrame } from "./footer.ts";
import type { TocLimits } from "./limits.ts";
import type { TocSpan, ZstdChunkedLocation } from "./location.ts";

/** The compressed table and tar-split. They stand side by side, so one request brings both. */
export async function fetchZstdChunked(
	blob: BlobSource,
	{ toc, tarSplit }: ZstdChunkedLocation,
	context: FetchContext,
): Promise<{ toc: Buffer; tarSplit: Buffer | undefined }> {
	const size = await sizeOfBlob(blob, context.signal);
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

async function fetchFrame(
	blob: BlobSource,
	start: number,
	end: number,
	context: FetchContext,
): Promise<Buffer> {
	return unframe(blob, await fetchRange(blob, start, end, context));
}

/** What is in a skippable frame. */
function unframe(blob: BlobSource, frame: Buffer): Buffer {
	const size = frame.length - FRAME_HEADER_SIZE;
	if (!isFrame(frame, 0, size))
		refuse("bounds", `${blob.name}: no skippable frame of ${size} bytes is where the table is`);
	return frame.subarray(FRAME_HEADER_SIZE);
}

/** The text in a span: as many bytes as it says. */
export async function* inflateSpan(
	bytes: Buffer,
	{ size }: TocSpan,
	{ signal }: FetchContext,
): AsyncGenerator<Uint8Array> {
	if (compressionOf(bytes) !== "zstd") refuse("compression", "the table is not compressed with zstd");
	let found = 0;
	for await (const piece of inflated(decompress([bytes], { signal, limit: size }))) {
		found += piece.length;
		yield piece;
	}
	if (found !== size) refuse("compression", `the table has ${found} bytes, and should have ${size}`);
}
