/** A document's bytes, in windows for the cursor: what has been read makes room for what comes. */
import { isUtf8 } from "node:buffer";
import { bytesToName } from "../names.ts";
import { fail } from "./fault.ts";
import type { Bytes, JsonCursor } from "./json.ts";

/** A window is read when it has so much more in it: what stands at its end is read again. */
const STEP = 1 << 18;
const FIRST_CAPACITY = 1 << 19;
/** A UTF-8 sequence may be cut after so many bytes. */
const MAX_CUT = 3;

/** In bytes. */
export interface WindowLimits {
	readonly total: number;
	/** Of what is read in one step. */
	readonly step: number;
}

export class Window {
	readonly #cursor: JsonCursor;
	readonly #limits: WindowLimits;
	#buffer: Bytes = Buffer.allocUnsafeSlow(FIRST_CAPACITY) as Bytes;
	/** Bytes of the buffer, with those that are not in the window yet. */
	#filled = 0;
	/** What has been seen to be UTF-8. */
	#checked = 0;
	/** Bytes that the cursor has not seen. */
	#fresh = 0;
	#size = 0;
	/** The byte that the NUL behind the window stands on, or -1. */
	#covered = -1;

	constructor(cursor: JsonCursor, limits: WindowLimits) {
		this.#cursor = cursor;
		this.#limits = limits;
	}

	/** Bytes that can still be added before the window has to be read. */
	get room(): number {
		return Math.max(STEP, this.#filled - this.#fresh - this.#cursor.at) - this.#fresh;
	}

	/** Adds bytes. */
	add(bytes: Uint8Array): void {
		this.#size += bytes.length;
		const { total: limit } = this.#limits;
		if (this.#size > limit) fail("size", limit, `the document has more than ${limit} bytes`, { limit });
		this.#uncover();
		this.#reserve(bytes.length);
		this.#buffer.set(bytes, this.#filled);
		this.#filled += bytes.length;
		this.#fresh += bytes.length;
	}

	/** Gives the cursor what has been added; it stands where what it did not finish begins. */
	show(isLast: boolean): void {
		this.#uncover();
		this.#fresh = 0;
		const end = isLast ? this.#filled : wholeSequences(this.#buffer, this.#checked, this.#filled);
		this.#checkUtf8(end);
		this.#covered = this.#buffer[end] as number;
		this.#buffer[end] = 0;
		this.#cursor.show(this.#buffer, end, isLast);
	}

	/** Takes away the NUL behind the window: what stands there may be the beginning of a sequence. */
	#uncover(): void {
		if (this.#covered >= 0) this.#buffer[this.#cursor.end] = this.#covered;
		this.#covered = -1;
	}

	/** Makes room for bytes and a NUL, by moving what has not been read to the front. */
	#reserve(length: number): void {
		if (this.#filled + length < this.#buffer.length) return;
		const cursor = this.#cursor;
		const { at } = cursor;
		const rest = this.#filled - at;
		if (rest > this.#limits.step + STEP) refuseLongStep(cursor, at, this.#limits.step);
		let target = this.#buffer;
		if (rest + length >= target.length) target = Buffer.allocUnsafeSlow(2 * (rest + length)) as Bytes;
		this.#buffer.copy(target, 0, at, this.#filled);
		this.#buffer = target;
		this.#filled = rest;
		this.#checked -= at;
		cursor.base += at;
		cursor.end -= at;
		cursor.at = 0;
	}

	#checkUtf8(end: number): void {
		const bytes = this.#buffer.subarray(this.#checked, end);
		if (!isUtf8(bytes)) {
			const text = bytesToName(bytes);
			const at = Buffer.byteLength(text.slice(0, text.search(/[\udc80-\udcff]/u)));
			fail("utf8", this.#cursor.base + this.#checked + at, "the text is not UTF-8");
		}
		this.#checked = end;
	}
}

/** The last place that is not within a sequence, if the bytes are UTF-8. */
function wholeSequences(bytes: Uint8Array, start: number, end: number): number {
	for (let at = end - 1; at >= start && at >= end - MAX_CUT; at--) {
		const byte = bytes[at] as number;
		if (byte < 0x80) return end;
		if (byte < 0xc0) continue;
		const length = byte < 0xe0 ? 2 : byte < 0xf0 ? 3 : 4;
		return at + length > end ? at : end;
	}
	return end;
}

export function refuseLongStep(cursor: JsonCursor, at: number, limit: number): never {
	fail("entry-size", cursor.base + at, `an entry has more than ${limit} bytes`, { limit });
}
