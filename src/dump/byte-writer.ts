/** Text of a dump, as bytes in one buffer that grows: strings for each field would be most of the time. */
import { nameToBytes } from "../names.ts";
import { ESCAPE_LENGTH, type Escapes } from "./escape.ts";

/** Digits of the largest number that is written digit by digit; others become a string first. */
const INT_DIGITS = 10;
const MAX_INT = 2 ** 31 - 1;
const ZERO = 0x30;

export class ByteWriter {
	#bytes: Buffer;
	#length = 0;

	constructor(capacity: number) {
		this.#bytes = Buffer.allocUnsafeSlow(capacity);
	}

	get length(): number {
		return this.#length;
	}

	/** What was written; no longer, when something else is. */
	get written(): Buffer {
		return this.#bytes.subarray(0, this.#length);
	}

	/** Goes on from there, over what was written behind it. */
	truncate(length: number): void {
		this.#length = length;
	}

	/** Gives away what was written, and begins with memory of its own. */
	take(): Buffer {
		const { written } = this;
		this.#bytes = Buffer.allocUnsafeSlow(this.#bytes.length);
		this.#length = 0;
		return written;
	}

	byte(value: number): void {
		this.#reserve(1);
		this.#bytes[this.#length++] = value;
	}

	/** Text of ASCII. */
	ascii(text: string): void {
		const { length } = text;
		this.#reserve(length);
		const bytes = this.#bytes;
		let at = this.#length;
		for (let index = 0; index < length; index++) bytes[at++] = text.charCodeAt(index);
		this.#length = at;
	}

	/** What another one has written. */
	append(other: ByteWriter): void {
		this.copy(other.#bytes, other.#length);
	}

	copy(source: Uint8Array, length: number): void {
		this.#reserve(length);
		const bytes = this.#bytes;
		let at = this.#length;
		// A loop: most are shorter than what a call costs.
		for (let index = 0; index < length; index++) bytes[at++] = source[index] as number;
		this.#length = at;
	}

	/** A whole number from 0 on. */
	decimal(value: number): void {
		if (value > MAX_INT) this.ascii(String(value));
		else this.#digits(value, 10);
	}

	octal(value: number): void {
		this.#digits(value, 8);
	}

	#digits(value: number, base: number): void {
		this.#reserve(INT_DIGITS);
		const bytes = this.#bytes;
		let size = 1;
		for (let rest = (value / base) | 0; rest > 0; rest = (rest / base) | 0) size++;
		let rest = value;
		for (let at = this.#length + size - 1; at >= this.#length; at--) {
			const quotient = (rest / base) | 0;
			bytes[at] = ZERO + rest - quotient * base;
			rest = quotient;
		}
		this.#length += size;
	}

	/** A name, or bytes, escaped. */
	escaped(value: string | Uint8Array, escapes: Escapes): void {
		if (typeof value !== "string") this.#escapedBytes(value, escapes);
		else if (!this.#plain(value, escapes)) this.#escapedBytes(nameToBytes(value), escapes);
	}

	/** Writes text that needs no escapes; else false, and nothing is written. */
	#plain(text: string, { plain }: Escapes): boolean {
		const { length } = text;
		this.#reserve(length);
		const bytes = this.#bytes;
		let at = this.#length;
		for (let index = 0; index < length; index++) {
			const code = text.charCodeAt(index);
			if (plain[code] !== 1) return false;
			bytes[at++] = code;
		}
		this.#length = at;
		return true;
	}

	#escapedBytes(source: Uint8Array, { texts, plain }: Escapes): void {
		this.#reserve(source.length * ESCAPE_LENGTH);
		const bytes = this.#bytes;
		let at = this.#length;
		for (let index = 0; index < source.length; index++) {
			const byte = source[index] as number;
			if (plain[byte] === 1) {
				bytes[at++] = byte;
				continue;
			}
			const text = texts[byte] as Uint8Array;
			for (let digit = 0; digit < text.length; digit++) bytes[at++] = text[digit] as number;
		}
		this.#length = at;
	}

	#reserve(count: number): void {
		const needed = this.#length + count;
		if (needed <= this.#bytes.length) return;
		const larger = Buffer.allocUnsafeSlow(Math.max(needed, 2 * this.#bytes.length));
		this.#bytes.copy(larger, 0, 0, this.#length);
		this.#bytes = larger;
	}
}
