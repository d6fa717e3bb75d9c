/** Extended attributes of entries: an object of names and base64. */
import { decodeBase64 } from "./base64.ts";
import { CLOSE_OBJECT, type JsonCursor, OPEN_OBJECT, TextRange } from "./json.ts";

/** Values that are kept, to be used again: labels repeat; what is long does not. */
const MAX_SHARED = 4096;
const MAX_SHARED_LENGTH = 128;

export class XattrReader {
	private readonly nameRange = new TextRange();
	private readonly valueRange = new TextRange();
	private readonly shared = new Map<string, Uint8Array>();

	/** The attributes, or undefined if the object is empty. */
	read(cursor: JsonCursor): Map<string, Uint8Array> | undefined {
		if (!cursor.open(OPEN_OBJECT)) return undefined;
		const xattrs = new Map<string, Uint8Array>();
		const range = this.nameRange;
		do {
			cursor.key(range);
			const at = range.start;
			const name = cursor.text(range);
			if (xattrs.has(name)) cursor.fail("key-duplicate", `xattr ${JSON.stringify(name)} comes twice`, at);
			xattrs.set(name, this.value(cursor));
		} while (cursor.more(CLOSE_OBJECT));
		return xattrs;
	}

	/** Bytes in base64; those of equal texts are the same array. */
	value(cursor: JsonCursor): Uint8Array {
		const range = this.valueRange;
		cursor.string(range);
		const { start, end } = range;
		if (end - start > MAX_SHARED_LENGTH) return base64Of(cursor, range);
		const key = cursor.bytes.latin1Slice(start, end);
		const known = this.shared.get(key);
		if (known !== undefined) return known;
		const value = base64Of(cursor, range);
		if (this.shared.size < MAX_SHARED) this.shared.set(key, value);
		return value;
	}
}

/** The bytes of a string that the cursor has read. */
export function base64Of(cursor: JsonCursor, { start, end }: TextRange): Uint8Array {
	// Escapes are no base64, and neither is what is not ASCII.
	const value = decodeBase64(cursor.bytes, start, end);
	if (value === undefined) cursor.fail("base64", "a value is not base64", start);
	return value;
}
