/** Small layers with a table of contents, as their writers make them: eStargz and zstd:chunked, in chunks. */
import { gunzipSync, gzipSync } from "node:zlib";
import { type BlobSource, bytesBlob } from "../../src/blob.ts";
import type { ResolvedImage, ResolvedLayer } from "../../src/oci/image.ts";
import { describeBytes, imageOf } from "./oci-image.ts";
import { estargzBlob, type Json, sha256, tarHeader, tocJson, zstdChunkedBlob, zstdFrame } from "./toc.ts";

export interface ChunkedFile {
	readonly name: string;
	/** A number is a hole of so many bytes, which zstd:chunked alone has. */
	readonly content: string | Uint8Array | readonly (Uint8Array | number)[];
}

export interface ChunkedLayer extends ResolvedLayer {
	readonly bytes: Buffer;
	/** Where in the blob each file's first chunk begins. */
	readonly offsets: ReadonlyMap<string, number>;
}

export interface ChunkedOptions {
	readonly format: "estargz" | "zstd:chunked";
	/** Bytes of a chunk. Default: all of the file in one */
	readonly chunkSize?: number;
	/** Contents are frames already, of whatever. */
	readonly isCompressed?: boolean;
	/** Changes the table's entries before they are written. */
	readonly change?: (entries: Json[]) => void;
}

interface Chunk {
	readonly bytes: Uint8Array;
	readonly isHole: boolean;
}

export function chunkedLayer(files: readonly ChunkedFile[], options: ChunkedOptions): ChunkedLayer {
	const { format, chunkSize = Number.POSITIVE_INFINITY, isCompressed = false, change } = options;
	const compress = format === "estargz" ? gzipSync : zstdFrame;
	const members: Buffer[] = [];
	const tar: Uint8Array[] = [];
	const entries: Json[] = [];
	const offsets = new Map<string, number>();
	let offset = 0;
	const add = (bytes: Uint8Array, isMember = false) => {
		members.push(isMember ? Buffer.from(bytes) : compress(bytes));
		offset += members.at(-1)?.length ?? 0;
		tar.push(bytes);
	};
	let padding = Buffer.alloc(0);
	for (const [index, { name, content }] of files.entries()) {
		const chunks = chunksOf(content, chunkSize);
		const whole = Buffer.concat(chunks.map(({ bytes }) => bytes));
		const header = tarHeader({ name, size: whole.length });
		// In eStargz, what follows a file's last chunk is in the member of that chunk.
		if (format === "zstd:chunked" || index === 0) add(Buffer.concat([padding, header]));
		padding = Buffer.alloc(-whole.length & 511);
		const next = files[index + 1];
		const rest = [padding, next ? tarHeader({ name: next.name, size: sizeOf(next) }) : Buffer.alloc(0)];
		const own = entries.length;
		offsets.set(name, offset);
		if (chunks.length === 0) {
			entries.push({ type: "reg", name, mode: 0o644 });
			if (format === "estargz") add(Buffer.concat(rest));
		}
		let start = 0;
		for (const [number, { bytes, isHole }] of chunks.entries()) {
			const isFile = number === 0;
			const file = { type: "reg", name, mode: 0o644, size: whole.length, digest: `sha256:${sha256(whole)}` };
			const several = { chunkOffset: start, chunkSize: bytes.length, chunkDigest: `sha256:${sha256(bytes)}` };
			entries.push({
				...(isFile ? file : { type: "chunk", name }),
				offset,
				...(chunks.length > 1 && several),
				...(isHole && { chunkType: "zeros" }),
			});
			const isLast = number === chunks.length - 1;
			add(format === "estargz" && isLast ? Buffer.concat([bytes, ...rest]) : bytes, isCompressed);
			start += bytes.length;
		}
		if (format === "zstd:chunked" && chunks.length > 0) (entries[own] as Json).endOffset = offset;
	}
	if (format === "zstd:chunked") add(padding);
	change?.(entries);
	const parts = { content: Buffer.concat(members), toc: tocJson(entries) };
	const { bytes, annotations } = format === "estargz" ? estargzBlob(parts) : zstdChunkedBlob(parts);
	const diffId = `sha256:${sha256(format === "estargz" ? gunzipSync(bytes) : Buffer.concat(tar))}`;
	const descriptor = { ...describeBytes(bytes), annotations };
	return { descriptor, diffId, blob: bytesBlob(bytes, "layer"), bytes, offsets };
}

function chunksOf(content: ChunkedFile["content"], chunkSize: number): Chunk[] {
	const pieces = typeof content === "string" || content instanceof Uint8Array ? [content] : content;
	return pieces.flatMap((piece) => {
		if (typeof piece === "number") return [{ bytes: Buffer.alloc(piece), isHole: true }];
		const bytes = Buffer.from(piece as Uint8Array);
		const chunks: Chunk[] = [];
		for (let at = 0; at < bytes.length; at += Math.min(chunkSize, bytes.length))
			chunks.push({ bytes: bytes.subarray(at, at + chunkSize), isHole: false });
		return chunks;
	});
}

function sizeOf({ content }: ChunkedFile): number {
	return chunksOf(content, Number.POSITIVE_INFINITY).reduce((sum, { bytes }) => sum + bytes.length, 0);
}

/** An image of these layers. */
export function chunkedImage(...layers: readonly ResolvedLayer[]): ResolvedImage {
	return { ...imageOf([]), layers };
}

/** The layer, its blob another one. */
export function withBlob(layer: ResolvedLayer, blob: Partial<BlobSource>): ResolvedLayer {
	return { ...layer, blob: { ...layer.blob, ...blob } };
}
