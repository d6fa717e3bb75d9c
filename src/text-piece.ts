/** Text as callers have it: whole or in pieces, as strings or as bytes of UTF-8. */
import { argumentError } from "./errors.ts";

export type TextSource =
	| string
	| Uint8Array
	| Iterable<string | Uint8Array>
	| AsyncIterable<string | Uint8Array>;

type Pieces = Exclude<TextSource, string | Uint8Array>;

/** All of it is there. Even an array may have promises in it. */
export function isWhole(text: TextSource): text is string | Uint8Array {
	return typeof text === "string" || text instanceof Uint8Array;
}

/** A text that is whole is one piece. */
export function piecesOf(text: TextSource): Pieces {
	return isWhole(text) ? [text] : text;
}

/** The bytes of a piece; those that came as bytes are not copied. */
export function pieceToBytes(piece: string | Uint8Array): Buffer {
	if (typeof piece === "string") {
		// It would become U+FFFD: half a character, or a byte that no UTF-8 can express.
		if (!piece.isWellFormed()) throw argumentError("the text has a lone surrogate: give it as bytes");
		return Buffer.from(piece, "utf8");
	}
	if (ArrayBuffer.isView(piece)) return Buffer.from(piece.buffer, piece.byteOffset, piece.byteLength);
	const actual = piece === null ? "null" : typeof piece;
	throw argumentError(`text comes in strings and Uint8Arrays, not ${actual}`, { rule: "source" });
}
