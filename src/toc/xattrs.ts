/** Extended attributes of entries: an object of names and base64. */
import { decodeBase64 } from "./base64.ts";
import { CLOSE_OBJECT, type JsonCursor, OPEN_OBJECT, TextRange } from "./json.ts";

/** Values that are kept, to be used again: labels repeat; what is long does not. */
const MAX_SHARED = 4096;
const MAX_SHARED_LENGTH = 128;

export class XattrReader {
	readonly #name = new TextRange();
	readonly #value = new TextRange();
	readonly #shared = new Map<string, Uint8Array>();

	/** The attributes, or undefined if the object is empty. */
	read(cursor: JsonCursor): Map<string, Uint8Array> | undefined {
		if (!cursor.open(OPEN_OBJECT)) return undefined;
		const xattrs = new Map<string, Uint8Array>();
		const range = this.#name;
		do {
			cursor.key(range);
			const at = range.start;
			const name = cursor.text(range);
			if (xattrs.has(name)) cursor.fail("key-duplicate", `xattr ${JSON.stringify(name)} comes twice`, at);
			xattrs.set(name, this.value(cursor));
		} while (cursor.more(CLOSE_OBJECT));
		return xattrs;
	}

	/** Bytes in base64. */
	value(cursor: JsonCursor): Uint8Array {
		const range = this.#value;
		cursor.string(range);
		const { start, end } = range;
		const key = end - start <= MAX_SHARED_LENGTH ? cursor.bytes.latin1Slice(start, end) : undefined;
		const known = key === undefined ? undefined : this.#shared.get(key);
		if (known !== undefined) return known;
		const value = range.form === 0 ? decodeBase64(cursor.bytes, start, end) : undefined;
		if (value === undefined) cursor.fail("base64", "a value is not base64", start);
		if (key !== undefined && this.#shared.size < MAX_SHARED) this.#shared.set(key, value);
		return value;
	}
}
