/** A reader of records that shares nothing with the encoder but the table at its head. */
import type { Device, Directory, Inode } from "../../src/inode.ts";
import { bytesToName } from "../../src/names.ts";
import { Tree } from "../../src/tree.ts";

const MAGIC = "CFSR";
const HEADER_WORDS = 6;
const RECORD_WORDS = 9;
const TYPES: Readonly<Record<number, Inode["type"]>> = {
	1: "fifo",
	2: "character-device",
	4: "directory",
	6: "block-device",
	8: "file",
	10: "symlink",
	12: "socket",
};

interface Name {
	readonly name: string;
	readonly inode: Inode;
	/** Of a directory. */
	readonly children: number;
}

export interface ChunkParts {
	readonly header: number[];
	readonly records: number[][];
	readonly lengths: number[];
	readonly strings: string[];
	readonly blobs: Buffer;
}

/** The parts of a chunk, each as the table has it. */
export function chunkParts(chunk: Uint8Array): ChunkParts {
	const view = Buffer.from(chunk);
	const word = (index: number) => view.readInt32LE(index * 4);
	const words = (first: number, count: number) => Array.from({ length: count }, (_, i) => word(first + i));
	const header = words(0, HEADER_WORDS);
	const [, , count = 0, lengths = 0, stringBytes = 0, blobBytes = 0] = header;
	const records = Array.from({ length: count }, (_, i) =>
		words(HEADER_WORDS + i * RECORD_WORDS, RECORD_WORDS),
	);
	const lengthsAt = HEADER_WORDS + count * RECORD_WORDS;
	const stringsAt = (lengthsAt + lengths) * 4;
	if (view.toString("latin1", 0, 4) !== MAGIC) throw new Error("no magic");
	if (stringsAt + stringBytes + blobBytes !== view.length) throw new Error("the parts are not the whole");
	const strings: string[] = [];
	for (let at = stringsAt; at < stringsAt + stringBytes; ) {
		const end = view.indexOf(0, at);
		strings.push(bytesToName(view.subarray(at, end)));
		at = end + 1;
	}
	const blobs = view.subarray(stringsAt + stringBytes);
	return { header, records, lengths: words(lengthsAt, lengths), strings, blobs };
}

/** The tree that chunks describe. */
export function decodeRecords(chunks: readonly Uint8Array[]): Tree {
	const names: Name[] = [];
	for (const chunk of chunks) decodeChunk(chunk, names);
	const root = names[0]?.inode as Directory;
	const pending = [names[0] as Name];
	let next = 1;
	for (let parent = pending.pop(); parent !== undefined; parent = pending.pop()) {
		const directories: Name[] = [];
		for (const child of names.slice(next, next + parent.children)) {
			(parent.inode as Directory).children.set(child.name, child.inode);
			if (child.inode.type === "directory") directories.push(child);
		}
		if (directories.every(({ name }) => Buffer.byteLength(name) === name.length))
			directories.sort((a, b) => Buffer.compare(Buffer.from(a.name), Buffer.from(b.name)));
		pending.push(...directories.reverse());
		next += parent.children;
	}
	if (next !== names.length) throw new Error(`${next} of ${names.length} records have a place`);
	return new Tree(root);
}

function decodeChunk(chunk: Uint8Array, names: Name[]): void {
	const { records, lengths, strings, blobs } = chunkParts(chunk);
	let blobsAt = 0;
	const takeString = () => strings.shift() as string;
	const takeBlob = (size: number) => {
		blobsAt += size;
		return blobs.subarray(blobsAt - size, blobsAt);
	};
	for (const words of records) {
		const name = takeString();
		const inode =
			words[0] === 0
				? (names[words[6] as number] as Name).inode
				: decodeInode(words, takeString, takeBlob, () => lengths.shift() as number);
		names.push({ name, inode, children: inode.type === "directory" ? (words[6] as number) : 0 });
	}
	if (strings.length + lengths.length + (blobs.length - blobsAt) > 0)
		throw new Error("something is left over");
}

function decodeInode(
	words: number[],
	takeString: () => string,
	takeBlob: (size: number) => Buffer,
	takeLength: () => number,
): Inode {
	const [mode = 0, uid = 0, gid = 0, low = 0, middle = 0, high = 0, first = 0, second = 0, extra = 0] = words;
	const type = TYPES[mode >>> 12];
	const mtimeNs = (BigInt(high) << 64n) | (BigInt(middle >>> 0) << 32n) | BigInt(low >>> 0);
	const metadata = { mode: mode & 0o7777, uid: uid >>> 0, gid: gid >>> 0, mtimeNs };
	const details = decodeDetails(type, first >>> 0, second >>> 0, extra, takeString, takeBlob);
	const xattrs = new Map<string, Uint8Array>();
	for (let left = extra & 0xffff; left > 0; left--) xattrs.set(takeString(), takeBlob(takeLength()));
	return { type, ...metadata, xattrs: xattrs.size > 0 ? xattrs : undefined, ...details } as Inode;
}

function decodeDetails(
	type: Inode["type"] | undefined,
	first: number,
	second: number,
	extra: number,
	takeString: () => string,
	takeBlob: (size: number) => Buffer,
): object {
	if (type === undefined) throw new Error("unknown type");
	if (type === "directory") return { children: new Map() };
	if (type === "symlink") return { target: takeString() };
	if (type.endsWith("device")) return { rdev: { major: first, minor: second } satisfies Device["rdev"] };
	if (type !== "file") return {};
	const none = undefined;
	const size = second * 2 ** 32 + first;
	const path = extra & (1 << 16) ? takeString() : none;
	const digest = extra & (1 << 17) ? takeString() : none;
	const isInline = (extra & (1 << 18)) !== 0;
	// An empty content and a size of nothing are one in a record.
	if (isInline || size === 0) return { content: takeBlob(size), size: none, digest, path };
	return { content: none, size, digest, path };
}
