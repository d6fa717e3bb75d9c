/** Entries of a table of contents as text: keys, order and forms are those of containers/storage. */
import { ComposefsError } from "../errors.ts";
import { sortNames } from "../names.ts";
import type { TarEntryType } from "../tar/entry.ts";
import type { WrittenEntry } from "../tar/write-entries.ts";
import { encodeXattrName } from "../tar/xattrs.ts";
import { formatDecimals, NANOSECONDS } from "../time.ts";
import type { EntryType } from "./entry-types.ts";
import type { EncodedChunk, EncodedContent } from "./layer-encoder.ts";

const TYPES: Readonly<Record<TarEntryType, EntryType>> = {
	file: "reg",
	directory: "dir",
	symlink: "symlink",
	hardlink: "hardlink",
	"character-device": "char",
	"block-device": "block",
	fifo: "fifo",
};

/**
 * The entry, and those of its further chunks. What is not UTF-8 becomes U+FFFD: the tar-split has the bytes.
 *
 * @throws ComposefsError `ERR_COMPOSEFS_INODE`, rule `mtime`; `ERR_COMPOSEFS_XATTR`, rule `xattr-lossy`
 */
export function formatEntry(entry: WrittenEntry, content: EncodedContent | undefined): string {
	const { type, linkName, mode, size, uid, gid, rdev, xattrs, path } = entry;
	const name = quote(entry.name);
	let text = `{"type":"${TYPES[type]}","name":${name}`;
	if (linkName !== "") text += `,"linkName":${quote(linkName)}`;
	if (mode !== 0) text += `,"mode":${mode}`;
	if (size !== 0) text += `,"size":${size}`;
	if (uid !== 0) text += `,"uid":${uid}`;
	if (gid !== 0) text += `,"gid":${gid}`;
	text += `,"modtime":"${formatTime(entry.mtimeNs, path)}"`;
	if (rdev.major !== 0) text += `,"devMajor":${rdev.major}`;
	if (rdev.minor !== 0) text += `,"devMinor":${rdev.minor}`;
	if (xattrs !== undefined && xattrs.size > 0) text += `,"xattrs":${formatXattrs(xattrs, path)}`;
	if (content === undefined) return `${text}}`;
	const { digest, end, chunks } = content;
	const [first, ...rest] = chunks as [EncodedChunk, ...EncodedChunk[]];
	text += `,"digest":"sha256:${digest}","offset":${first.offset},"endOffset":${end}`;
	if (rest.length === 0) return `${text}}`;
	text += `${chunkKeys(first, 0)}}`;
	let start = first.size;
	for (const chunk of rest) {
		text += `,{"type":"chunk","name":${name},"offset":${chunk.offset}${chunkKeys(chunk, start)}}`;
		start += chunk.size;
	}
	return text;
}

function chunkKeys({ size, isZeros, digest }: EncodedChunk, start: number): string {
	const offset = start === 0 ? "" : `,"chunkOffset":${start}`;
	const type = isZeros ? ',"chunkType":"zeros"' : "";
	return `,"chunkSize":${size}${offset},"chunkDigest":"sha256:${digest}"${type}`;
}

/** Each byte that is not part of UTF-8 becomes one U+FFFD. */
function quote(text: string): string {
	return JSON.stringify(text.toWellFormed());
}

/** By the keys that the records of the tar have: readers in Go take these for the names. */
function formatXattrs(xattrs: ReadonlyMap<string, Uint8Array>, path: string): string {
	const seen = new Set<string>();
	const texts = sortNames([...xattrs.keys()]).map((name) => {
		const key = quote(encodeXattrName(name));
		if (seen.has(key)) {
			const problem = `${path}: two xattrs are ${key} in a table of contents, where names are UTF-8`;
			throw new ComposefsError("ERR_COMPOSEFS_XATTR", problem, { rule: "xattr-lossy", path });
		}
		seen.add(key);
		return `${key}:"${Buffer.from(xattrs.get(name) as Uint8Array).toString("base64")}"`;
	});
	return `{${texts.join(",")}}`;
}

/** The years 0000 to 9999 can be written down; the first second of year 1 means that there is no time. */
const FIRST_SECOND = -62_167_219_200n;
const LAST_SECOND = 253_402_300_799n;
const UNSET = -62_135_596_800n * NANOSECONDS;

let lastTime = 0n;
let lastText = "1970-01-01T00:00:00Z";

/** As in RFC 3339, with as many decimals as it takes. */
function formatTime(time: bigint, path: string): string {
	if (time === lastTime) return lastText;
	const remainder = time % NANOSECONDS;
	const nanoseconds = remainder < 0n ? remainder + NANOSECONDS : remainder;
	const seconds = (time - nanoseconds) / NANOSECONDS;
	if (seconds < FIRST_SECOND || seconds > LAST_SECOND || time === UNSET) {
		const text = `${path}: mtimeNs is ${time}, a time that a table of contents cannot have`;
		throw new ComposefsError("ERR_COMPOSEFS_INODE", text, { rule: "mtime", path });
	}
	const whole = new Date(Number(seconds) * 1000).toISOString().slice(0, 19);
	lastTime = time;
	lastText = `${whole}${formatDecimals(nanoseconds)}Z`;
	return lastText;
}
