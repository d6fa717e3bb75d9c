/** Content that comes in pieces, on its way into a store. */
import { abortable } from "../abortable.ts";
import type { ContentChunk, Hole } from "../content.ts";
import { argumentError, ComposefsError } from "../errors.ts";
import { awaitJob, callNative, type NativeStore, type NativeStored, type NativeStream } from "../native.ts";
import { Slices } from "../slices.ts";

/** Bytes of one call: one is written while the next are gathered. */
const GATHERED = 1 << 19;
/** Of one call, however small they are. */
const MOST_PIECES = 1 << 12;

/** What a stream turned out to be: short enough to have in memory, or written. */
export type Streamed = { readonly bytes: Uint8Array } | { readonly stored: NativeStored };

export async function putStream(
	store: NativeStore,
	chunks: AsyncIterable<ContentChunk> | Iterable<ContentChunk>,
	{ signal, size }: { readonly signal: AbortSignal | undefined; readonly size: number | undefined },
): Promise<Streamed> {
	const writer = new StreamWriter(store, signal);
	try {
		const slices = new Slices(signal);
		for await (const chunk of abortable(chunks, signal)) {
			signal?.throwIfAborted();
			if (slices.isOver()) await slices.next();
			await writer.add(chunk);
			if (size !== undefined && writer.size > size) throw sizeError(writer.size, size, false);
		}
		if (size !== undefined && writer.size !== size) throw sizeError(writer.size, size, true);
		return await writer.finish();
	} catch (error) {
		await writer.discard();
		throw error;
	}
}

/** @param isAll   whether there is no more than that */
export function sizeError(actual: number, limit: number, isAll: boolean): ComposefsError {
	const message = `the content has ${actual} bytes ${isAll ? "in all" : "or more"}, it should have ${limit}`;
	return new ComposefsError("ERR_COMPOSEFS_BLOB", message, { rule: "size", limit, actual });
}

class StreamWriter {
	size = 0;
	readonly #store: NativeStore;
	readonly #signal: AbortSignal | undefined;
	#stream: NativeStream | undefined;
	#pieces: (Uint8Array | number)[] = [];
	#gathered = 0;
	#holes = false;
	/** The call on its way. Its failure is thrown when it is awaited. */
	#writing: Promise<unknown> = Promise.resolve();

	constructor(store: NativeStore, signal: AbortSignal | undefined) {
		this.#store = store;
		this.#signal = signal;
	}

	async add(chunk: ContentChunk): Promise<void> {
		const piece = chunk instanceof Uint8Array ? chunk : lengthOf(chunk);
		const length = typeof piece === "number" ? piece : piece.length;
		if (length === 0) return;
		this.size += length;
		if (typeof piece === "number") this.#addHole(piece);
		else {
			this.#pieces.push(piece);
			this.#gathered += length;
		}
		if (this.#gathered >= GATHERED || this.#pieces.length >= MOST_PIECES) await this.#send();
	}

	#addHole(length: number): void {
		this.#holes = true;
		const last = this.#pieces.at(-1);
		if (typeof last === "number") this.#pieces[this.#pieces.length - 1] = last + length;
		else this.#pieces.push(length);
	}

	/** Waits for the call before: no more than two calls' bytes are in memory. */
	async #send(): Promise<void> {
		await this.#writing;
		this.#stream ??= callNative(() => this.#store.stream());
		const { write } = this.#stream;
		const pieces = this.#pieces;
		this.#pieces = [];
		this.#gathered = 0;
		this.#writing = awaitJob(() => write(pieces), { signal: this.#signal });
		this.#writing.catch(() => {});
	}

	async finish(): Promise<Streamed> {
		if (this.#stream === undefined && !this.#holes) return { bytes: joined(this.#pieces as Uint8Array[]) };
		await this.#send();
		await this.#writing;
		const { finish } = this.#stream as unknown as NativeStream;
		return { stored: await awaitJob(() => finish(), { signal: this.#signal }) };
	}

	async discard(): Promise<void> {
		await this.#writing.catch(() => {});
		const stream = this.#stream;
		if (stream !== undefined) await awaitJob(() => stream.discard());
	}
}

function lengthOf(chunk: Hole): number {
	const hole = chunk?.hole;
	if (Number.isSafeInteger(hole) && hole >= 0) return hole;
	throw argumentError("content comes as Uint8Arrays and holes of whole lengths");
}

function joined(pieces: readonly Uint8Array[]): Uint8Array {
	const [first] = pieces;
	return pieces.length === 1 && first !== undefined ? first : Buffer.concat(pieces);
}
