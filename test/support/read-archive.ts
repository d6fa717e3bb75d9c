/** What an archive holds, with all contents, to be compared. */
import type { ContentChunk } from "../../src/content.ts";
import type { TarEntry } from "../../src/tar/entry.ts";
import { type ReadTarOptions, readTar } from "../../src/tar/read.ts";

export interface ReadEntry extends Omit<TarEntry, "content"> {
	/** Holes as zeros. */
	readonly bytes: Buffer;
	/** Bytes of all holes. */
	readonly holes: number;
}

/** Entries with their contents, which must be as long as the entries say. */
export async function readArchive(
	source: Uint8Array | AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
	options?: ReadTarOptions,
): Promise<ReadEntry[]> {
	const chunks = source instanceof Uint8Array ? [source] : source;
	const entries: ReadEntry[] = [];
	for await (const entry of readTar(chunks, options)) {
		const { bytes, holes } = await collect(entry.content());
		if (bytes.length !== entry.size) throw new Error(`${entry.name}: ${bytes.length} of ${entry.size} bytes`);
		const { name, type, mode, uid, gid, mtimeNs, size, linkName, rdev, xattrs, offset, isSparse } = entry;
		entries.push({
			name,
			type,
			mode,
			uid,
			gid,
			mtimeNs,
			size,
			linkName,
			rdev,
			xattrs,
			offset,
			isSparse,
			bytes,
			holes,
		});
	}
	return entries;
}

export async function collect(
	content: AsyncIterable<ContentChunk>,
): Promise<{ bytes: Buffer; holes: number }> {
	const pieces: Uint8Array[] = [];
	let holes = 0;
	for await (const chunk of content) {
		if (chunk instanceof Uint8Array) pieces.push(chunk);
		else {
			pieces.push(Buffer.alloc(chunk.hole));
			holes += chunk.hole;
		}
	}
	return { bytes: Buffer.concat(pieces), holes };
}

/** The bytes in chunks of at most `size`. */
export function* inChunks(bytes: Uint8Array, size: number): Generator<Uint8Array> {
	for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}
