/** `writeChunkedLayer`: a tree as a zstd:chunked layer, of which clients can fetch what they lack. */
import { createHash } from "node:crypto";
import type { Descriptor } from "../descriptor.ts";
import { argumentError, ComposefsError } from "../errors.ts";
import type { FilePath, OpenFile } from "../file-path.ts";
import { MEDIA_TYPES } from "../media-types.ts";
import { type EntryParts, TAR_END, tarParts, type WriteTarOptions } from "../tar/write.ts";
import type { Tree } from "../tree.ts";
import { checkLevel, FrameWriter } from "../zstd-encode.ts";
import { type EncodedContent, LayerEncoder } from "./layer-encoder.ts";
import { formatEntry } from "./write-entry.ts";
import { type CompressedText, layerEnd } from "./write-frames.ts";
import { TarSplitWriter } from "./write-tar-split.ts";
import { LayerTarget } from "./write-target.ts";

export interface WriteChunkedLayerOptions extends WriteTarOptions {
	/**
	 * Where the layer goes. A path: it is written beside, synced and renamed, so that the file is the whole layer or stays
	 * as it was; a device or pipe is written to as it is. An open file: written from where it stands.
	 */
	readonly to: FilePath | OpenFile;
	/** Of zstd, 1 to 22. Default: 3 */
	readonly level?: number | undefined;
	/** Bytes of a chunk, on the average: a power of two from 4,096 to 2^20. Default: 65,536, as in containers/storage */
	readonly chunkSize?: number | undefined;
}

export interface ChunkedLayer {
	/** For a manifest, with the annotations that say where the table of contents is. */
	readonly descriptor: Descriptor;
	/** Digest of the tar, for a config: `sha256:` and 64 digits. */
	readonly diffId: string;
}

const MIN_CHUNK_BITS = 12;
const MAX_CHUNK_BITS = 20;

/**
 * Writes a tree as a layer: the archive that `writeTar` makes, each chunk of a file's content in a frame of its own,
 * with a table of contents and a tar-split. Files are cut where their bytes say, in the same places as by
 * containers/storage, and around holes of 1,024 zeros or more. The tree, the options and libzstd's version decide every
 * byte; the diffId, the tree and `marks` alone. Objects are checked against the digests that files have.
 *
 * @throws ComposefsError as `writeTar`; `ERR_COMPOSEFS_DIGEST` where an object is not what its digest says; what a table
 *   cannot say: `ERR_COMPOSEFS_INODE`, rule `mtime`, `ERR_COMPOSEFS_XATTR`, rule `xattr-lossy`; errors of system calls
 */
export async function writeChunkedLayer(
	tree: Tree,
	options: WriteChunkedLayerOptions,
): Promise<ChunkedLayer> {
	if (options?.to === undefined) throw argumentError("a layer is written somewhere: option to");
	const { signal, to } = options;
	signal?.throwIfAborted();
	const level = checkLevel(options.level);
	const chunkBits = bitsOf(options.chunkSize);
	const target = await LayerTarget.open(to, signal);
	try {
		const writer = new ChunkedWriter(target, level, chunkBits, signal);
		const { diffId, annotations } = await writer.write(tree, options);
		const { size } = target;
		const descriptor = { mediaType: MEDIA_TYPES.layerZstd, digest: await target.finish(), size, annotations };
		return { descriptor, diffId };
	} catch (error) {
		await target.discard();
		throw error;
	}
}

function bitsOf(chunkSize = 65_536): number {
	const bits = Math.log2(chunkSize);
	if (Number.isInteger(bits) && bits >= MIN_CHUNK_BITS && bits <= MAX_CHUNK_BITS) return bits;
	const text = `chunkSize is a power of two from 4096 to ${2 ** MAX_CHUNK_BITS}, not ${chunkSize}`;
	throw argumentError(text, { rule: "chunk-size" });
}

class ChunkedWriter {
	readonly #target: LayerTarget;
	readonly #encoder: LayerEncoder<EntryParts>;
	readonly #toc: TextWriter;
	readonly #split: TextWriter;
	readonly #splitLines = new TarSplitWriter();
	/** Of the entry before: it is in the same segment as the next headers. */
	#padding: Buffer = Buffer.alloc(0);
	#count = 0;

	constructor(target: LayerTarget, level: number, chunkBits: number, signal: AbortSignal | undefined) {
		this.#target = target;
		this.#toc = new TextWriter(level, signal);
		this.#split = new TextWriter(level, signal);
		const sink = {
			output: (bytes: Buffer) => target.write(bytes),
			entry: (parts: EntryParts, content: EncodedContent | undefined) => this.#entry(parts, content),
		};
		this.#encoder = new LayerEncoder(level, chunkBits, sink, signal);
	}

	async write(
		tree: Tree,
		options: WriteTarOptions,
	): Promise<{ diffId: string; annotations: Map<string, string> }> {
		const encoder = this.#encoder;
		this.#toc.add('{"version":1,"entries":[');
		try {
			for await (const parts of tarParts(tree, options)) await this.#encode(parts);
			encoder.plain(TAR_END);
			const diffId = `sha256:${await encoder.finish()}`;
			const annotations = await this.#end();
			return { diffId, annotations };
		} finally {
			await encoder.close();
			this.#toc.close();
			this.#split.close();
		}
	}

	async #encode(parts: EntryParts): Promise<void> {
		const encoder = this.#encoder;
		encoder.plain(parts.headers);
		for await (const piece of parts.content) {
			encoder.content(piece);
			if (encoder.isFull) await encoder.send();
		}
		encoder.endEntry(parts, parts.entry.size > 0);
		if (parts.padding.length > 0) encoder.plain(parts.padding);
		if (encoder.isFull) await encoder.send();
	}

	/** What comes after the frames, once all of them are written. */
	async #end(): Promise<Map<string, string>> {
		this.#split.add(this.#splitLines.segment(Buffer.concat([this.#padding, TAR_END])));
		const tarSplit = await this.#split.finish();
		this.#toc.add(`],"tarSplitDigest":"sha256:${sha256(tarSplit.bytes)}"}`);
		const { bytes, annotations } = layerEnd(this.#target.size, await this.#toc.finish(), tarSplit);
		await this.#target.write(bytes);
		return annotations;
	}

	#entry(parts: EntryParts, content: EncodedContent | undefined): Promise<void> | undefined {
		const { entry, headers, padding } = parts;
		if (content !== undefined) checkContent(parts, content);
		const segment = this.#padding.length === 0 ? headers : Buffer.concat([this.#padding, headers]);
		this.#padding = padding;
		const lines = this.#splitLines;
		this.#split.add(lines.segment(segment) + lines.file(entry.name, entry.size, content?.crc));
		this.#toc.add(`${this.#count++ === 0 ? "" : ","}${formatEntry(entry, content)}`);
		return this.#split.isFull || this.#toc.isFull ? this.#send() : undefined;
	}

	async #send(): Promise<void> {
		await this.#split.send();
		await this.#toc.send();
	}
}

/** The digest that a file has is its object's; what lies under that name might be something else. */
function checkContent({ entry: { file, path } }: EntryParts, { verity: actual }: EncodedContent): void {
	const expected = file?.digest;
	if (expected === undefined || expected === actual) return;
	const text = `${path}: the object has the digest ${actual}, and should have ${expected}`;
	throw new ComposefsError("ERR_COMPOSEFS_DIGEST", text, { rule: "digest", path, expected, actual });
}

function sha256(bytes: Uint8Array): string {
	return createHash("sha256").update(bytes).digest("hex");
}

/** Strings are gathered to so many characters before they become bytes. */
const TEXT = 1 << 16;

/** A text that is compressed while it is made. */
class TextWriter {
	readonly #frame: FrameWriter;
	readonly #compressed: Buffer[] = [];
	#text = "";
	#size = 0;

	constructor(level: number, signal: AbortSignal | undefined) {
		this.#frame = new FrameWriter(level, signal);
	}

	add(text: string): void {
		this.#text += text;
		if (this.#text.length >= TEXT) this.#toBytes();
	}

	get isFull(): boolean {
		return this.#frame.isFull;
	}

	async send(): Promise<void> {
		this.#compressed.push(await this.#frame.send());
	}

	close(): void {
		this.#frame.close();
	}

	async finish(): Promise<CompressedText> {
		this.#toBytes();
		this.#compressed.push(await this.#frame.end());
		return { bytes: Buffer.concat(this.#compressed), size: this.#size };
	}

	#toBytes(): void {
		const bytes = Buffer.from(this.#text, "utf8");
		this.#text = "";
		this.#size += bytes.length;
		this.#frame.add(bytes);
	}
}
