/** The headers of one entry of a tar, cut out of it by a tar-split. */
import { bytesToName } from "../names.ts";
import { describeEntry, type EntryDescription, type Extensions, sizeOf } from "../tar/describe.ts";
import { type Header, parseHeader } from "../tar/header.ts";
import { collectRecords, type PaxRecords } from "../tar/pax.ts";
import { BLOCK_SIZE, paddedSize } from "../tar/reader.ts";
import { refuse } from "./fault.ts";

const NO_EXTENSIONS: Extensions = { name: undefined, linkName: undefined, pax: undefined };
const NO_RECORDS: PaxRecords = new Map();

/**
 * What the bytes between the contents of two files say: the padding of the one before, headers that extend the
 * next, its own header, and the map of a sparse file.
 *
 * @param position  how many entries there are before it, for errors
 */
export function readHeaders(segment: Buffer, position: number): EntryDescription {
	let extensions = NO_EXTENSIONS;
	// All that is not padding is in whole blocks.
	let at = segment.length % BLOCK_SIZE;
	while (at < segment.length) {
		const header = parseHeader(segment, at, at);
		at += BLOCK_SIZE;
		const more = extensionOf(header, segment, at, position);
		if (more === undefined) return describeEntry(header, extensions, NO_RECORDS);
		extensions = { ...extensions, ...more };
		at += paddedSize(sizeOf(header));
	}
	refuse("tar-split", `entry ${position} of the tar-split has no header`);
}

/** What a header says of the next one, or undefined if it is an entry's own. */
function extensionOf(
	header: Header,
	segment: Buffer,
	start: number,
	position: number,
): Partial<Extensions> | undefined {
	const { typeflag } = header;
	if (!"LKxXgV".includes(typeflag)) return undefined;
	const end = start + sizeOf(header);
	if (end > segment.length) refuse("tar-split", `entry ${position} of the tar-split ends within a header`);
	const data = segment.subarray(start, end);
	if (typeflag === "L") return { name: textOf(data) };
	if (typeflag === "K") return { linkName: textOf(data) };
	if (typeflag === "x" || typeflag === "X") return { pax: collectRecords(data, header.offset) };
	refuse(
		"tar-split",
		`entry ${position} of the tar-split has a header of type ${typeflag}, which is for others too`,
	);
}

function textOf(data: Buffer): string {
	const end = data.indexOf(0);
	return bytesToName(end < 0 ? data : data.subarray(0, end));
}
