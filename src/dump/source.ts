/** Dump text as it comes: in pieces, which end anywhere in a line. */

/** Dump text, whole or in pieces of any length. */
export type DumpSource =
	| string
	| Uint8Array
	| Iterable<string | Uint8Array>
	| AsyncIterable<string | Uint8Array>;

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
