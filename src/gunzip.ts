/** gzip members, one after the other, inflated by node:zlib on a worker thread. */
import { createGunzip, type Gunzip, gunzip } from "node:zlib";
import { decompressionError } from "./decompress-error.ts";
import type { ChunkPull } from "./pull.ts";

/** With pieces of this size node:zlib takes two thirds of the time that its default of 16 KiB takes. */
const PIECE_SIZE = 1 << 18;
/** Bytes that are inflated ahead, and wait to be inflated. */
const AHEAD = 1 << 20;

/**
 * Inflates any number of members; zeros may follow them, as padding.
 *
 * @throws ComposefsError `ERR_COMPOSEFS_BLOB`, rules `gzip`, `truncated`
 */
export async function* decodeGzip(pull: ChunkPull): AsyncGenerator<Uint8Array> {
	const options = { chunkSize: PIECE_SIZE, readableHighWaterMark: AHEAD, writableHighWaterMark: AHEAD };
	const gunzip = createGunzip(options);
	const feed = new Feed(pull, gunzip);
	const feeding = feed.run().catch((error) => gunzip.destroy(error));
	try {
		for await (const piece of gunzip) yield piece;
	} catch (error) {
		throw feed.failure ?? gzipError(error as NodeJS.ErrnoException);
	} finally {
		// Not waiting for the feed: its source may have nothing to say for a long time.
		gunzip.destroy();
	}
	await feeding;
	await feed.checkRest();
}

/** What may follow in a piece: padding, headers. */
const PIECE_REST = 1 << 16;

/** Inflates members that are all there; undefined if they are damaged, or hold far more than `size` bytes. */
export function gunzipPiece(bytes: Uint8Array, size: number): Promise<Uint8Array | undefined> {
	const chunkSize = Math.min(PIECE_SIZE, Math.max(1 << 12, size));
	const options = { chunkSize, maxOutputLength: size + PIECE_REST };
	return new Promise((resolve) => {
		gunzip(bytes, options, (error, inflated) => resolve(error === null ? inflated : undefined));
	});
}

/** Gives the source's chunks to zlib, and remembers those that it has not taken. */
class Feed {
	readonly #pull: ChunkPull;
	readonly #gunzip: Gunzip;
	readonly #unused: { chunk: Buffer; end: number }[] = [];
	/** Of these, how many at the beginning zlib has taken meanwhile. */
	#used = 0;
	#given = 0;
	#closed = false;
	#wake: (() => void) | undefined;
	/** What the source threw. */
	failure: unknown;

	constructor(pull: ChunkPull, gunzip: Gunzip) {
		this.#pull = pull;
		this.#gunzip = gunzip;
		const wake = () => this.#wake?.();
		gunzip.on("drain", wake);
		// It ends before its input does where something follows the last member.
		for (const event of ["end", "close"])
			gunzip.on(event, () => {
				this.#closed = true;
				wake();
			});
	}

	async run(): Promise<void> {
		try {
			while (!this.#closed) {
				const chunk = await this.#pull.next();
				if (chunk === undefined) return void this.#gunzip.end();
				if (!this.#give(chunk) && !this.#closed) await this.#drained();
			}
		} catch (error) {
			this.failure = error;
			throw error;
		}
	}

	#give(chunk: Buffer): boolean {
		const taken = this.#gunzip.bytesWritten;
		this.#given += chunk.length;
		this.#forgetUsed(taken);
		this.#unused.push({ chunk, end: this.#given });
		return this.#closed || this.#gunzip.write(chunk);
	}

	/** Not one by one: there may be tens of thousands, of a byte each. */
	#forgetUsed(taken: number): void {
		while ((this.#unused[this.#used]?.end ?? Number.POSITIVE_INFINITY) <= taken) this.#used++;
		if (this.#used * 2 < this.#unused.length) return;
		this.#unused.splice(0, this.#used);
		this.#used = 0;
	}

	#drained(): Promise<void> {
		return new Promise((resolve) => {
			this.#wake = resolve;
		});
	}

	/** Throws unless what zlib has not taken is zeros, up to the end of the source. */
	async checkRest(): Promise<void> {
		const taken = this.#gunzip.bytesWritten;
		for (const { chunk, end } of this.#unused)
			if (end > taken) checkZeros(chunk.subarray(Math.max(0, chunk.length - (end - taken))));
		for (;;) {
			const chunk = await this.#pull.next();
			if (chunk === undefined) return;
			checkZeros(chunk);
		}
	}
}

function checkZeros(bytes: Buffer): void {
	if (bytes.some((byte) => byte !== 0))
		throw decompressionError("gzip", "gzip: something follows the last member");
}

function gzipError(error: NodeJS.ErrnoException): Error {
	if (error.code === "Z_BUF_ERROR")
		return decompressionError("truncated", "gzip: the last member is not complete");
	if (!error.code?.startsWith("Z_")) return error;
	return decompressionError("gzip", `gzip: ${error.message}`);
}
