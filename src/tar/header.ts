/**
 * One header: a block of 512 bytes (POSIX pax, "ustar Interchange Format"; tar.h of GNU tar).
 *
 *       0 name 100       148 checksum 8     263 version 2        337 device minor 8
 *     100 mode 8         156 typeflag 1     265 user name 32     345 prefix 155 (star: 131; GNU: times, sparse map)
 *     108 uid 8          157 link name 100  297 group name 32    508 "tar\0" (star)
 *     116 gid 8          257 magic 6        329 device major 8
 *     124 size 12        136 mtime 12
 *
 * Old GNU headers of sparse files have their map at 386, and the file's size, 12, at 483.
 */
import { bytesToName } from "../names.ts";
import { fail } from "./fault.ts";
import { parseNumber, parseSeconds } from "./numbers.ts";
import { BLOCK_SIZE } from "./reader.ts";

/** What wrote a header, as far as its fields tell. */
export type HeaderFormat = "v7" | "ustar" | "star" | "gnu";

/** Numbers are NaN where the field holds none: a pax record may stand in for it. */
export interface Header {
	readonly offset: number;
	readonly format: HeaderFormat;
	/** One character; "0" for the NUL of old writers. */
	readonly typeflag: string;
	readonly name: string;
	readonly linkName: string;
	readonly mode: number;
	readonly uid: number;
	readonly gid: number;
	readonly size: number;
	readonly mtime: bigint | undefined;
	readonly major: number;
	readonly minor: number;
	/** Bytes of an old GNU sparse file, else 0. */
	readonly realSize: number;
}

const CHECKSUM = 148;
const CHECKSUM_LENGTH = 8;
const SPACE = 0x20;

/** Throws unless the block's sum is the one that it names. */
export function parseHeader(block: Buffer, at: number, offset: number): Header {
	if (!hasChecksum(block, at)) fail("checksum", offset, "the header's checksum does not match");
	const format = formatOf(block, at);
	const typeflag = String.fromCharCode(block[at + 156] as number);
	const device = typeflag === "3" || typeflag === "4";
	return {
		offset,
		format,
		typeflag: typeflag === "\0" ? "0" : typeflag,
		name: nameOf(block, at, format),
		linkName: parseText(block, at + 157, 100),
		mode: parseNumber(block, at + 100, 8),
		uid: parseNumber(block, at + 108, 8),
		gid: parseNumber(block, at + 116, 8),
		size: parseNumber(block, at + 124, 12),
		mtime: parseSeconds(block, at + 136, 12),
		// Other entries may have anything there.
		major: device ? parseNumber(block, at + 329, 8) : 0,
		minor: device ? parseNumber(block, at + 337, 8) : 0,
		realSize: typeflag === "S" ? parseNumber(block, at + 483, 12) : 0,
	};
}

/** True if the block is all zeros: half of the end of an archive. */
export function isZeroBlock(block: Buffer, at: number): boolean {
	for (let index = at; index < at + BLOCK_SIZE; index++) if (block[index] !== 0) return false;
	return true;
}

function hasChecksum(block: Buffer, at: number): boolean {
	const named = parseNumber(block, at + CHECKSUM, CHECKSUM_LENGTH);
	let sum = CHECKSUM_LENGTH * SPACE;
	for (let index = at; index < at + BLOCK_SIZE; index++) sum += block[index] as number;
	for (let index = at + CHECKSUM; index < at + CHECKSUM + CHECKSUM_LENGTH; index++)
		sum -= block[index] as number;
	return sum === named || signedSum(block, at, sum) === named;
}

/** Old writers added up signed bytes. */
function signedSum(block: Buffer, at: number, unsigned: number): number {
	let sum = unsigned;
	for (let index = 0; index < BLOCK_SIZE; index++) {
		if (index === CHECKSUM) index += CHECKSUM_LENGTH;
		if ((block[at + index] as number) >= 0x80) sum -= 0x100;
	}
	return sum;
}

function formatOf(block: Buffer, at: number): HeaderFormat {
	const magic = block.toString("latin1", at + 257, at + 265);
	if (magic === "ustar  \0") return "gnu";
	if (!magic.startsWith("ustar\0")) return "v7";
	return block.toString("latin1", at + 508, at + BLOCK_SIZE) === "tar\0" ? "star" : "ustar";
}

function nameOf(block: Buffer, at: number, format: HeaderFormat): string {
	const name = parseText(block, at, 100);
	if (format !== "ustar" && format !== "star") return name;
	const prefix = parseText(block, at + 345, format === "star" ? 131 : 155);
	return prefix === "" ? name : `${prefix}/${name}`;
}

/** The text of a field, up to the first NUL or the field's end. */
export function parseText(block: Buffer, start: number, length: number): string {
	let end = start;
	let bits = 0;
	for (const last = start + length; end < last; end++) {
		const byte = block[end] as number;
		if (byte === 0) break;
		bits |= byte;
	}
	if (bits < 0x80) return block.toString("latin1", start, end);
	return bytesToName(block.subarray(start, end));
}
