/** Extended attributes of entries: an object of names and base64. */
import { SharedValues } from "../shared-values.ts";
import { decodeBase64 } from "./base64.ts";
import { CLOSE_OBJECT, type JsonCursor, OPEN_OBJECT, TextRange } from "./json.ts";

export class XattrReader {
	private readonly nameRange = new TextRange();
	private readonly valueRange = new TextRange();
	private readonly shared = new SharedValues();

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
		return this.shared.get(cursor.bytes, range.start, range.end, () => base64Of(cursor, range));
	}
}

/** The bytes of a string that the cursor has read. */
export function base64Of(cursor: JsonCursor, { start, end }: TextRange): Uint8Array {
	// Escapes are no base64, and neither is what is not ASCII.
	const value = decodeBase64(cursor.bytes, start, end);
	if (value === undefined) cursor.fail("base64", "a value is not base64", start);
	return value;
}
