/** The compressed part of a zstd:chunked layer, made on a worker thread while the next bytes are gathered. */
import { awaitJob, callNative, type NativeLayerEncoder } from "../native.ts";

/** What became of a file's content. */
export interface EncodedContent {
	/** SHA-256, 64 digits. */
	readonly digest: string;
	/** fs-verity digest, 64 digits. */
	readonly verity: string;
	/** CRC-64 (ISO), 8 bytes in base64. */
	readonly crc: string;
	/** Where in the layer its last frame ends. */
	readonly end: number;
	/** In order; at least one. */
	readonly chunks: readonly EncodedChunk[];
}

export interface EncodedChunk {
	/** Bytes of the content. */
	readonly size: number;
	/** Where in the layer its frame begins. */
	readonly offset: number;
	readonly isZeros: boolean;
	/** SHA-256, 64 digits; all 0 if it is the only chunk. */
	readonly digest: string;
}

export interface LayerEncoderSink<T> {
	/** Frames that are complete. */
	output(bytes: Buffer): Promise<void>;
	/** An entry whose bytes are all in the frames that came so far, or in those that come next. */
	entry(entry: T, content: EncodedContent | undefined): Promise<void> | void;
}

/** As in native/layer_encoder_jobs.cc. */
const PLAIN = 0;
const CONTENT = 1;
const END_OF_CONTENT = 2;
const END = 3;
const NO_BYTES = new Uint8Array(0);

/** Bytes and pieces of one job. */
const BATCH_BYTES = 1 << 20;
const BATCH_PIECES = 4096;

interface EndedEntry<T> {
	readonly entry: T;
	readonly hasContent: boolean;
}

export class LayerEncoder<T> {
	readonly #encoder: NativeLayerEncoder;
	readonly #sink: LayerEncoderSink<T>;
	readonly #signal: AbortSignal | undefined;
	#kinds: number[] = [];
	#pieces: Uint8Array[] = [];
	#entries: EndedEntry<T>[] = [];
	#bytes = 0;
	/** The job on its way, and what is done with what it gives. Its failure is thrown when it is awaited. */
	#running: Promise<Report | undefined> = Promise.resolve(undefined);

	constructor(level: number, chunkBits: number, sink: LayerEncoderSink<T>, signal: AbortSignal | undefined) {
		this.#encoder = callNative((addon) => addon.openLayerEncoder(level, chunkBits));
		this.#sink = sink;
		this.#signal = signal;
	}

	/** Bytes of the tar that are no content. What is added must not change any more. */
	plain(bytes: Uint8Array): void {
		this.#add(PLAIN, bytes);
	}

	content(bytes: Uint8Array): void {
		this.#add(CONTENT, bytes);
	}

	/** An entry ends, with what came of it. */
	endEntry(entry: T, hasContent: boolean): void {
		if (hasContent) this.#add(END_OF_CONTENT, NO_BYTES);
		this.#entries.push({ entry, hasContent });
	}

	/** True if `send` is to be called. */
	get isFull(): boolean {
		return this.#bytes >= BATCH_BYTES || this.#pieces.length >= BATCH_PIECES;
	}

	/** Encodes what was added, once what was sent before is done: no more than two batches are in memory. */
	async send(): Promise<void> {
		await this.#running;
		this.#begin();
	}

	/** Encodes the rest. @returns the SHA-256 of the tar, 64 digits */
	async finish(): Promise<string> {
		this.#add(END, NO_BYTES);
		await this.send();
		return ((await this.#running) as Report).digest();
	}

	/** Waits until nothing is done any more, and frees what an unfinished layer takes. */
	async close(): Promise<void> {
		await this.#running.catch(() => undefined);
		this.#encoder.close();
	}

	#add(kind: number, bytes: Uint8Array): void {
		this.#kinds.push(kind);
		this.#pieces.push(bytes);
		this.#bytes += bytes.length;
	}

	#begin(): void {
		const kinds = Uint8Array.from(this.#kinds);
		const pieces = this.#pieces;
		const entries = this.#entries;
		this.#kinds = [];
		this.#pieces = [];
		this.#entries = [];
		this.#bytes = 0;
		this.#running = this.#run(kinds, pieces, entries);
		this.#running.catch(() => undefined);
	}

	async #run(
		kinds: Uint8Array,
		pieces: readonly Uint8Array[],
		entries: readonly EndedEntry<T>[],
	): Promise<Report> {
		const encode = () => this.#encoder.encode(kinds, pieces);
		const { output, report } = await awaitJob(encode, { signal: this.#signal });
		await this.#sink.output(output);
		const read = new Report(report);
		for (const { entry, hasContent } of entries) {
			const told = this.#sink.entry(entry, hasContent ? read.content() : undefined);
			if (told !== undefined) await told;
		}
		return read;
	}
}

/** What a job tells of contents: numbers as doubles, little-endian, and digests between them. */
class Report {
	readonly #bytes: Buffer;
	#at = 0;

	constructor(bytes: Buffer) {
		this.#bytes = bytes;
	}

	content(): EncodedContent {
		const crc = this.#take(8).toString("base64");
		const digest = this.digest();
		const verity = this.digest();
		const end = this.#number();
		const chunks = Array.from({ length: this.#number() }, () => this.#chunk());
		return { digest, verity, crc, end, chunks };
	}

	digest(): string {
		return this.#take(32).toString("hex");
	}

	#chunk(): EncodedChunk {
		const size = this.#number();
		const offset = this.#number();
		const isZeros = this.#number() === 1;
		return { size, offset, isZeros, digest: this.digest() };
	}

	#number(): number {
		return this.#take(8).readDoubleLE(0);
	}

	#take(length: number): Buffer {
		this.#at += length;
		return this.#bytes.subarray(this.#at - length, this.#at);
	}
}
