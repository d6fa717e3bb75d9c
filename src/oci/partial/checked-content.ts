/** The content of a file from its chunks: nothing of it is believed before its digest is right. */
import { createHash, type Hash } from "node:crypto";
import type { ByteRange } from "../../blob.ts";
import type { ContentChunk } from "../../content.ts";
import { decompress, decompressPiece } from "../../decompress.ts";
import { ComposefsError } from "../../errors.ts";
import type { TocChunk } from "../../toc/chunks.ts";
import { hashZeros } from "../hash-zeros.ts";
import type { ChunkBytes } from "./chunk-bytes.ts";
import type { WantedContent } from "./wanted.ts";

/** Padding and headers behind a file, in the same member of gzip: those of all links and folders that follow it. */
const MAX_REST = 2 ** 30;

/** How many bytes of that may still come, behind all chunks of a pull together. */
export interface Rest {
	left: number;
}
const SMALL = 1 << 20;

/**
 * The content, in pieces. The last piece of each chunk comes when the chunk has its digest, and that of the file when the
 * file has: whoever has all of it, or keeps nothing that ended in an error, has what the table says.
 *
 * @throws ComposefsError `ERR_COMPOSEFS_DIGEST`, rules `chunk-digest` and `file-digest`; `ERR_COMPOSEFS_BLOB`; both with
 *   the file's `path`
 */
export async function* checkedContent(
	wanted: WantedContent,
	bytes: ChunkBytes,
	rest: Rest,
	signal: AbortSignal | undefined,
): AsyncGenerator<ContentChunk> {
	const { name, chunks, sha256 } = wanted;
	const whole = createHash("sha256");
	let held: ContentChunk | undefined;
	for (const chunk of chunks) {
		for await (const piece of chunkContent(chunk, name, { bytes, rest, signal })) {
			if (held !== undefined) yield held;
			held = piece;
			if (piece instanceof Uint8Array) whole.update(piece);
			else await hashZeros(whole, piece.hole, signal);
		}
	}
	expectDigest("file-digest", name, sha256, whole);
	if (held !== undefined) yield held;
}

async function* chunkContent(
	chunk: TocChunk,
	path: string,
	{ bytes, rest, signal }: { bytes: ChunkBytes; rest: Rest; signal: AbortSignal | undefined },
): AsyncGenerator<ContentChunk> {
	const { range, size, digest } = chunk;
	if (range === undefined) {
		yield { hole: size };
		return;
	}
	const hash = digest === undefined ? undefined : createHash("sha256");
	let left = size;
	let held: Uint8Array | undefined;
	try {
		for await (const piece of inflated(chunk, range, bytes, signal)) {
			// What may follow is the tar's. It is read nevertheless: the next chunk begins where all of this one is taken.
			const part = piece.length > left ? piece.subarray(0, left) : piece;
			takeRest(rest, piece.length - part.length);
			if (part.length === 0) continue;
			if (held !== undefined) yield held;
			held = part;
			hash?.update(part);
			left -= part.length;
		}
	} catch (error) {
		throw withPath(error, path, chunk);
	}
	if (left > 0) throw shortChunk(path, chunk, size - left);
	if (digest !== undefined && hash !== undefined) expectDigest("chunk-digest", path, digest, hash);
	if (held !== undefined) yield held;
}

function takeRest(rest: Rest, count: number): void {
	rest.left -= count;
	if (rest.left >= 0) return;
	const text = "more comes out behind chunks than a layer may have";
	throw new ComposefsError("ERR_COMPOSEFS_BLOB", text, { rule: "output-limit" });
}

/** Small chunks, which nearly all are, are decompressed in one step. */
async function* inflated(
	{ size }: TocChunk,
	range: ByteRange,
	bytes: ChunkBytes,
	signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array> {
	if (range.end - range.start <= SMALL && size <= SMALL) {
		const compressed: Uint8Array[] = [];
		for await (const piece of bytes.take(range)) compressed.push(piece);
		const [first] = compressed;
		const whole = compressed.length === 1 && first !== undefined ? first : Buffer.concat(compressed);
		let left = size;
		for await (const piece of decompressPiece(whole, size, signal)) {
			yield piece;
			left -= piece.length;
			if (left <= 0) return;
		}
	} else yield* decompress(bytes.take(range), { signal, limit: size + MAX_REST });
}

function expectDigest(rule: "chunk-digest" | "file-digest", path: string, hex: string, hash: Hash): void {
	const actual = hash.digest("hex");
	if (actual === hex) return;
	const what = rule === "chunk-digest" ? "a chunk" : "the content";
	const text = `${path}: ${what} has the SHA-256 ${actual}, the table of contents says ${hex}`;
	throw new ComposefsError("ERR_COMPOSEFS_DIGEST", text, { rule, path, expected: hex, actual });
}

function shortChunk(path: string, { start, size }: TocChunk, actual: number): ComposefsError {
	const text = `${path}: the chunk at byte ${start} has ${actual} bytes instead of ${size}`;
	return new ComposefsError("ERR_COMPOSEFS_BLOB", text, { rule: "chunk-size", path, limit: size, actual });
}

/** What is wrong with compressed bytes, with the file that they are of. */
function withPath(error: unknown, path: string, { start }: TocChunk): unknown {
	if (!(error instanceof ComposefsError) || error.code !== "ERR_COMPOSEFS_BLOB") return error;
	const text = `${path}: the chunk at byte ${start}: ${error.message}`;
	return new ComposefsError(error.code, text, { rule: error.rule ?? "chunk", path, cause: error });
}
