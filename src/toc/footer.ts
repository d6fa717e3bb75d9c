/**
 * Footers: the last bytes of a blob, which say where its table of contents is.
 *
 *     zstd:chunked   a skippable frame of 64 bytes: offset, compressed and uncompressed size, type; the same but for
 *                    the type of the tar-split; "GNUlInUx". Older: 40 bytes, without a tar-split; "GnUlInUx".
 *     eStargz        an empty member of gzip, 51 bytes: its extra field, marked SG, has 16 hexadecimal digits and
 *                    STARGZ. Older: 47 bytes, no mark. With a table elsewhere: 46 bytes, STARGZEXTERNALTOC.
 *
 * Numbers are 64 bits, little-endian.
 */
import { refuse } from "./fault.ts";
import type { TocLocation, TocSpan } from "./location.ts";

/** Bytes at the end of a blob that are enough for every footer. */
export const FOOTER_SIZE = 72;

export const SKIPPABLE_MAGIC = 0x184d2a50;
/** Of a skippable frame: its magic, and the length of what follows. */
export const FRAME_HEADER_SIZE = 8;
export const LONG_FOOTER_SIZE = 64;
const SHORT_SIZE = 40;
const MAGIC_SIZE = 8;
export const MANIFEST_TYPE = 1;

const GZIP_HEADER_SIZE = 12;
/** The empty deflate block, and the checksum and size of nothing. */
const GZIP_END = Buffer.from("010000ffff0000000000000000", "hex");

/** @param tail the blob's last bytes, `FOOTER_SIZE` of them if it has so many; @param blobSize bytes of the blob */
export function readFooter(tail: Buffer, blobSize: number): TocLocation | undefined {
	return zstdFooter(tail) ?? estargzFooter(tail, blobSize);
}

function zstdFooter(tail: Buffer): TocLocation | undefined {
	const magic = tail.toString("latin1", Math.max(0, tail.length - MAGIC_SIZE));
	const size = magic === "GNUlInUx" ? LONG_FOOTER_SIZE : magic === "GnUlInUx" ? SHORT_SIZE : undefined;
	if (size === undefined || !isFrame(tail, tail.length - size - FRAME_HEADER_SIZE, size)) return undefined;
	const at = tail.length - size;
	const type = uint64(tail, at + 24);
	if (type !== MANIFEST_TYPE) refuse("footer", `the footer tells of a table of type ${type}, not 1`);
	const split = size === LONG_FOOTER_SIZE ? span(tail, at + 32) : undefined;
	return {
		format: "zstd:chunked",
		digest: undefined,
		toc: span(tail, at),
		tarSplit: split === undefined || split.offset === 0 ? undefined : split,
	};
}

/** Whether a skippable frame of that size begins there. */
export function isFrame(bytes: Buffer, at: number, size: number): boolean {
	return at >= 0 && bytes.readUInt32LE(at) === SKIPPABLE_MAGIC && bytes.readUInt32LE(at + 4) === size;
}

function span(tail: Buffer, at: number): TocSpan {
	return { offset: uint64(tail, at), compressedSize: uint64(tail, at + 8), size: uint64(tail, at + 16) };
}

function uint64(bytes: Buffer, at: number): number {
	const value = bytes.readUInt32LE(at + 4) * 2 ** 32 + bytes.readUInt32LE(at);
	if (!Number.isSafeInteger(value)) refuse("footer", "a number in the footer is beyond 2^53");
	return value;
}

function estargzFooter(tail: Buffer, blobSize: number): TocLocation | undefined {
	if (!tail.subarray(-GZIP_END.length).equals(GZIP_END)) return undefined;
	if (extraOf(tail, EXTERNAL.length) === EXTERNAL)
		refuse("external", "the table is in a blob of its own, which is not supported");
	for (const [length, mark] of [
		[26, MARK],
		[22, ""],
	] as const) {
		const extra = extraOf(tail, length);
		const digits = extra.slice(mark.length, mark.length + 16);
		if (extra !== `${mark}${digits}STARGZ` || !/^[0-9a-f]{16}$/.test(digits)) continue;
		const start = Number.parseInt(digits, 16);
		const end = blobSize - GZIP_HEADER_SIZE - length - GZIP_END.length;
		if (start >= end) refuse("footer", `the table begins at byte ${start} of ${blobSize}`);
		return { format: "estargz", digest: undefined, start, end };
	}
	return undefined;
}

/** Of the part of an extra field that is eStargz's: SG, and that 22 bytes follow. */
const MARK = "SG\x16\0";
const EXTERNAL = "SG\x11\0STARGZEXTERNALTOC";

/** The extra field of that length, if a gzip header that has nothing else stands before it; or "". */
function extraOf(tail: Buffer, length: number): string {
	const end = tail.length - GZIP_END.length;
	const at = end - length - GZIP_HEADER_SIZE;
	if (at < 0 || tail.readUInt32BE(at) !== 0x1f8b0804 || tail.readUInt16LE(at + 10) !== length) return "";
	return tail.toString("latin1", end - length, end);
}
