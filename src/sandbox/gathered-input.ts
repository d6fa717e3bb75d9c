/** Input that others may send slowly: it is kept here until all of it is there, and only then takes a worker. */
import { Slices } from "../slices.ts";
import type { InputFile } from "./feed.ts";

const MIN_BLOCK = 1 << 12;
const MAX_BLOCK = 1 << 20;

export class GatheredInput {
	/** All but the last are full: pieces may be of one byte each. */
	#blocks: Buffer[] = [];
	/** Bytes of the last block. */
	#used = 0;
	#size = 0;

	/** Copies them. */
	put(bytes: Uint8Array): void {
		for (let at = 0; at < bytes.length; ) {
			const block = this.#roomyBlock();
			const piece = bytes.subarray(at, at + block.length - this.#used);
			block.set(piece, this.#used);
			this.#used += piece.length;
			this.#size += piece.length;
			at += piece.length;
		}
	}

	/** Hands all of it over, once, and gives its memory back meanwhile. */
	async feed({ write, signal }: InputFile): Promise<void> {
		const slices = new Slices(signal);
		const blocks = this.#blocks.reverse();
		this.#blocks = [];
		for (let block = blocks.pop(); block !== undefined; block = blocks.pop()) {
			write(blocks.length === 0 ? block.subarray(0, this.#used) : block);
			if (slices.isOver()) await slices.next();
		}
	}

	/** Blocks grow with the input: a small one takes little. */
	#roomyBlock(): Buffer {
		const last = this.#blocks.at(-1);
		if (last !== undefined && this.#used < last.length) return last;
		const block = Buffer.allocUnsafeSlow(Math.min(Math.max(this.#size, MIN_BLOCK), MAX_BLOCK));
		this.#blocks.push(block);
		this.#used = 0;
		return block;
	}
}
