/** The compressed bytes of chunks, taken from ranges of a blob as they come. */
import { abortable } from "../../abortable.ts";
import type { BlobSource, ByteRange, RangePiece } from "../../blob.ts";
import { ComposefsError } from "../../errors.ts";

/** Pieces of several ranges: in one request where the source can, else one by one. */
export async function* readPieces(
	blob: BlobSource,
	ranges: readonly ByteRange[],
	signal: AbortSignal | undefined,
): AsyncGenerator<RangePiece> {
	if (blob.readRanges !== undefined) {
		yield* abortable(blob.readRanges(ranges, { signal }), signal);
		return;
	}
	for (const range of ranges) {
		let offset = range.start;
		for await (const bytes of abortable(blob.read({ range, signal }), signal)) {
			yield { offset, bytes };
			offset += bytes.length;
		}
	}
}

/** Gives the bytes of one chunk after the other; what stands between them is passed over. */
export class ChunkBytes {
	readonly #name: string;
	readonly #pieces: AsyncIterator<RangePiece>;
	readonly #tell: (bytes: number) => void;
	#piece: RangePiece | undefined;

	/** @param tell is told how many bytes have come, each time */
	constructor(name: string, pieces: AsyncIterable<RangePiece>, tell: (bytes: number) => void) {
		this.#name = name;
		this.#pieces = pieces[Symbol.asyncIterator]();
		this.#tell = tell;
	}

	/**
	 * The bytes of a range that is behind all those before.
	 *
	 * @throws ComposefsError `ERR_COMPOSEFS_BLOB`, rule `blob-size`, where the blob ends before
	 */
	async *take({ start, end }: ByteRange): AsyncGenerator<Uint8Array> {
		for (let at = start; at < end; ) {
			const piece = this.#piece ?? (await this.#next());
			if (piece === undefined || piece.offset > at) throw this.#missing(at, end);
			const last = piece.offset + piece.bytes.length;
			const part = piece.bytes.subarray(at - piece.offset, end - piece.offset);
			this.#piece = last > end ? piece : undefined;
			if (last <= at) continue;
			at += part.length;
			yield part;
		}
	}

	/** Lets the source go. One that still waits ends by its signal: nobody waits for that. */
	close(): void {
		Promise.resolve(this.#pieces.return?.()).catch(() => undefined);
	}

	async #next(): Promise<RangePiece | undefined> {
		const { done, value } = await this.#pieces.next();
		if (done) return undefined;
		this.#tell(value.bytes.length);
		return value;
	}

	#missing(at: number, end: number): ComposefsError {
		const text = `${this.#name}: byte ${at} does not come, of a chunk that ends at ${end}`;
		return new ComposefsError("ERR_COMPOSEFS_BLOB", text, { rule: "blob-size", limit: end, actual: at });
	}
}
