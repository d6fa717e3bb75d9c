/** The bytes of an archive, by blocks and by pieces, with their offsets. */
import type { ChunkPull } from "../pull.ts";
import { fail } from "./fault.ts";

export const BLOCK_SIZE = 512;

export class TarReader {
	readonly #pull: ChunkPull;
	#chunk: Buffer = Buffer.alloc(0);
	/** Where in the chunk the next byte is. */
	#at = 0;
	/** Where in the archive the chunk ends. */
	#chunkEnd = 0;
	/** The last block: `block` from `blockAt` on. Valid until something else is read. */
	block: Buffer = this.#chunk;
	blockAt = 0;

	constructor(pull: ChunkPull) {
		this.#pull = pull;
	}

	/** Where in the archive the next byte is. */
	get offset(): number {
		return this.#chunkEnd - this.#chunk.length + this.#at;
	}

	/** True if it is time to call `pause`. */
	get mustPause(): boolean {
		return this.#pull.mustPause;
	}

	/** Gives way to the event loop. */
	pause(): Promise<void> {
		return this.#pull.pause();
	}

	/** Reads a block without waiting; false if it is not there yet. */
	takeBlock(): boolean {
		if (this.#chunk.length - this.#at < BLOCK_SIZE) return false;
		this.block = this.#chunk;
		this.blockAt = this.#at;
		this.#at += BLOCK_SIZE;
		return true;
	}

	/** Reads a block; false at the end of the archive. */
	async nextBlock(): Promise<boolean> {
		if (this.takeBlock()) return true;
		const start = this.offset;
		const block = Buffer.allocUnsafe(BLOCK_SIZE);
		for (let filled = 0; filled < BLOCK_SIZE; ) {
			const piece = await this.piece(BLOCK_SIZE - filled);
			if (piece === undefined && filled === 0) return false;
			if (piece === undefined) return fail("truncated", start, "the archive ends within a block");
			block.set(piece, filled);
			filled += piece.length;
		}
		this.block = block;
		this.blockAt = 0;
		return true;
	}

	/** Reads a block that has to be there. */
	async needBlock(): Promise<void> {
		if (!(await this.nextBlock())) this.#truncated(this.offset + BLOCK_SIZE);
	}

	/** At least one and at most `most` bytes, a view of what the source gave; undefined at the end. */
	async piece(most: number): Promise<Buffer | undefined> {
		if (this.#at === this.#chunk.length) {
			const chunk = await this.#pull.next();
			if (chunk === undefined) return undefined;
			this.#chunk = chunk;
			this.#at = 0;
			this.#chunkEnd += chunk.length;
		}
		const start = this.#at;
		this.#at = Math.min(this.#chunk.length, start + most);
		return this.#chunk.subarray(start, this.#at);
	}

	/** A copy of the next `length` bytes, and the rest of their last block read. The caller has limited it. */
	async copy(length: number): Promise<Buffer> {
		const start = this.offset;
		const bytes = Buffer.allocUnsafe(length);
		for (let filled = 0; filled < length; ) {
			const piece = await this.piece(length - filled);
			if (piece === undefined) return this.#truncated(start + length);
			bytes.set(piece, filled);
			filled += piece.length;
		}
		await this.skipTo(start + paddedSize(length));
		return bytes;
	}

	/** Reads on up to an offset, which may be here. */
	async skipTo(end: number): Promise<void> {
		while (this.offset < end) {
			if ((await this.piece(end - this.offset)) === undefined) this.#truncated(end);
		}
	}

	#truncated(end: number): never {
		return fail("truncated", this.offset, `the archive ends before its byte ${end}`);
	}
}

/** Bytes of whole blocks. */
export function paddedSize(size: number): number {
	return Math.ceil(size / BLOCK_SIZE) * BLOCK_SIZE;
}
