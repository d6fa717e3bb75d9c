/** Dump text as it comes: in pieces, which end anywhere in a line. */
import { argumentError } from "../errors.ts";

/** Dump text, whole or in pieces of any length. */
export type DumpSource =
	| string
	| Uint8Array
	| Iterable<string | Uint8Array>
	| AsyncIterable<string | Uint8Array>;

export function toBuffer(piece: string | Uint8Array): Buffer {
	if (typeof piece === "string") {
		// It would become U+FFFD: half a character, or a byte that no UTF-8 can express.
		if (!piece.isWellFormed()) throw argumentError("the dump has a lone surrogate: give it as bytes");
		return Buffer.from(piece, "utf8");
	}
	return Buffer.from(piece.buffer, piece.byteOffset, piece.byteLength);
}

/** A line that comes in pieces. */
export class LineParts {
	#parts: Buffer[] = [];
	length = 0;

	/** Adds a copy: the source may use its memory again. */
	add(bytes: Buffer): void {
		if (bytes.length === 0) return;
		this.#parts.push(Buffer.from(bytes));
		this.length += bytes.length;
	}

	/** All of it, and where it begins and ends. */
	take(): [text: Buffer, start: number, end: number] {
		const text = Buffer.concat(this.#parts);
		this.#parts = [];
		this.length = 0;
		return [text, 0, text.length];
	}
}
