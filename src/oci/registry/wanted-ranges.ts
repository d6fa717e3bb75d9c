/** The ranges of a blob that a reader still waits for. */
import type { ByteRange, RangePiece } from "../../blob.ts";
import { argumentError } from "../../errors.ts";

export class WantedRanges {
	readonly #ranges: ByteRange[];
	#first = 0;
	/** Bytes of the first range that have come. */
	#taken = 0;
	/** Bytes that have come. */
	received = 0;

	/** @throws ComposefsError ERR_COMPOSEFS_ARGUMENT, unless they are ascending, apart and within the blob */
	constructor(ranges: readonly ByteRange[], size: number) {
		let end = 0;
		for (const range of ranges) {
			if (!Number.isSafeInteger(range.start) || range.start < end || !(range.end >= range.start))
				throw argumentError("ranges are ascending, apart, and of whole bytes");
			end = range.end;
		}
		if (end > size) {
			const text = `a range ends at ${end}, the blob at ${size}`;
			throw argumentError(text, { limit: size, actual: end });
		}
		this.#ranges = ranges.filter((range) => range.end > range.start);
	}

	get isEmpty(): boolean {
		return this.#first === this.#ranges.length;
	}

	/** The next byte that is wanted; infinite if none is. */
	get start(): number {
		const range = this.#ranges[this.#first];
		return range === undefined ? Number.POSITIVE_INFINITY : range.start + this.#taken;
	}

	/** The next ranges, of which the first is what is left of it. */
	next(count: number): ByteRange[] {
		const ranges = this.#ranges.slice(this.#first, this.#first + count);
		const [first] = ranges;
		if (first !== undefined) ranges[0] = { start: first.start + this.#taken, end: first.end };
		return ranges;
	}

	/**
	 * What of a piece is wanted; nobody waits for that any more. Bytes may come that are not wanted.
	 *
	 * @returns undefined if the piece is behind something that has not come
	 */
	take({ offset, bytes }: RangePiece): RangePiece[] | undefined {
		const pieces: RangePiece[] = [];
		const end = offset + bytes.length;
		for (let range = this.#ranges[this.#first]; range !== undefined; range = this.#ranges[this.#first]) {
			const start = range.start + this.#taken;
			if (start >= end) break;
			if (offset > start && pieces.length === 0) return undefined;
			const part = bytes.subarray(start - offset, range.end - offset);
			pieces.push({ offset: start, bytes: part });
			this.received += part.length;
			this.#taken += part.length;
			if (range.start + this.#taken < range.end) break;
			this.#first++;
			this.#taken = 0;
		}
		return pieces;
	}
}
