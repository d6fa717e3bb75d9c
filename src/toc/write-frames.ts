/** The end of a zstd:chunked layer: the table, the tar-split and the footer, each in a skippable frame. */
import { createHash } from "node:crypto";
import { AnnotationMap } from "../descriptor.ts";
import { FRAME_HEADER_SIZE, LONG_FOOTER_SIZE, MANIFEST_TYPE, SKIPPABLE_MAGIC } from "./footer.ts";
import type { TocSpan } from "./location.ts";

/** A compressed text. */
export interface CompressedText {
	readonly bytes: Buffer;
	/** Bytes of the text itself. */
	readonly size: number;
}

export interface LayerEnd {
	readonly bytes: Buffer;
	/** For the layer's descriptor, by name. */
	readonly annotations: Map<string, string>;
}

const NAMESPACE = "io.github.containers.zstd-chunked";

/** What stands behind the first `offset` bytes of a layer. */
export function layerEnd(offset: number, toc: CompressedText, tarSplit: CompressedText): LayerEnd {
	const tocSpan = spanOf(offset, toc);
	const splitSpan = spanOf(tocSpan.offset + tocSpan.compressedSize, tarSplit);
	const footer = footerOf(tocSpan, splitSpan);
	const digest = createHash("sha256").update(toc.bytes).digest("hex");
	return {
		bytes: Buffer.concat([skippable(toc.bytes), skippable(tarSplit.bytes), skippable(footer)]),
		annotations: new AnnotationMap([
			[`${NAMESPACE}.manifest-checksum`, `sha256:${digest}`],
			[`${NAMESPACE}.manifest-position`, `${position(tocSpan)}:${MANIFEST_TYPE}`],
			[`${NAMESPACE}.tarsplit-position`, position(splitSpan)],
		]),
	};
}

function spanOf(offset: number, { bytes, size }: CompressedText): TocSpan {
	return { offset: offset + FRAME_HEADER_SIZE, compressedSize: bytes.length, size };
}

function position({ offset, compressedSize, size }: TocSpan): string {
	return `${offset}:${compressedSize}:${size}`;
}

function skippable(bytes: Buffer): Buffer {
	const header = Buffer.alloc(FRAME_HEADER_SIZE);
	header.writeUInt32LE(SKIPPABLE_MAGIC, 0);
	header.writeUInt32LE(bytes.length, 4);
	return Buffer.concat([header, bytes]);
}

function footerOf(toc: TocSpan, split: TocSpan): Buffer {
	const footer = Buffer.alloc(LONG_FOOTER_SIZE);
	const numbers = [toc.offset, toc.compressedSize, toc.size, MANIFEST_TYPE];
	numbers.push(split.offset, split.compressedSize, split.size);
	for (const [index, number] of numbers.entries()) footer.writeBigUInt64LE(BigInt(number), index * 8);
	footer.write("GNUlInUx", 56, "latin1");
	return footer;
}
