/** Reads entries of a table of contents, key by key. */
import { LIMITS } from "../limits.ts";
import { EntryFields } from "./entry.ts";
import { ENTRY_TYPES, type EntryType, typeAt } from "./entry-types.ts";
import { CLOSE_OBJECT, type JsonCursor, OPEN_OBJECT, TextRange } from "./json.ts";
import { caseVariantOf, equalsAt, type FoldedKeys, foldKeys, KEYS, type Key, keyAt } from "./keys.ts";
import { parseTime } from "./time.ts";
import { Token } from "./words.ts";
import { base64Of, XattrReader } from "./xattrs.ts";

const UINT32 = 2 ** 32 - 1;
const ST_MODE = 0o177777;
const DIGEST_START = new Token('"sha256:');
const DIGEST_LENGTH = 64;
const QUOTE = 0x22;
const ZEROS = Buffer.from("zeros");
const TYPE_BIT = 1 << KEYS.indexOf("type");
const NAME_BIT = 1 << KEYS.indexOf("name");
const FOLDED = foldKeys(KEYS);
/** Keys as most writers put them: with nothing between the quote and the colon. */
const TOKENS = KEYS.map((key) => new Token(`"${key}":`));

const NOT_HEX = new Uint8Array(256).fill(1);
for (const digit of "0123456789abcdef") NOT_HEX[digit.charCodeAt(0)] = 0;

/** One for a document, and for those after it: it learns in which order their writer puts keys. */
export class EntryReader {
	/** So that one of this shape is there at any time: see Idle. */
	readonly kept: EntryFields = new EntryFields(0);
	private readonly xattrReader = new XattrReader();
	private readonly key = new TextRange();
	private readonly value = new TextRange();
	/**
	 * By key, the one that came behind it last, and one that did before; at the end, those of an entry's beginning.
	 * Writers keep to their order, but leave keys out.
	 */
	private readonly next = new Uint8Array(KEYS.length + 1);
	private readonly other = new Uint8Array(KEYS.length + 1);

	/** Reads the entry that the cursor stands before. */
	read(cursor: JsonCursor): EntryFields {
		let others: Set<string> | undefined;
		let more = cursor.open(OPEN_OBJECT);
		const fields = new EntryFields(cursor.at);
		let seen = 0;
		let last: number = KEYS.length;
		for (; more; more = cursor.more(CLOSE_OBJECT)) {
			const { at } = cursor;
			const number = this.#keyAfter(last, cursor);
			if (number < 0) {
				others ??= new Set();
				others.add(skipUnknown(cursor, this.key, FOLDED, others));
				continue;
			}
			last = number;
			const bit = 1 << number;
			if ((seen & bit) !== 0) cursor.fail("key-duplicate", `"${KEYS[number]}" comes twice`, at);
			seen |= bit;
			this.#read(fields, cursor, KEYS[number] as Key);
		}
		if ((seen & TYPE_BIT) === 0) cursor.fail("type", "an entry has no type", fields.start);
		if ((seen & NAME_BIT) === 0) cursor.fail("name", "an entry has no name", fields.start);
		return fields;
	}

	/** The number of the next key, of which those that were there before are tried first; -1 if it is none of KEYS. */
	#keyAfter(last: number, cursor: JsonCursor): number {
		const next = this.next[last] as number;
		if (cursor.token(TOKENS[next] as Token)) return next;
		let number = this.other[last] as number;
		if (!cursor.token(TOKENS[number] as Token)) {
			const key = this.key;
			cursor.key(key);
			number = key.form === 0 ? keyAt(cursor.bytes, key.start, key.end) : -1;
			if (number < 0) return number;
		}
		this.other[last] = next;
		this.next[last] = number;
		return number;
	}

	#read(fields: EntryFields, cursor: JsonCursor, key: Key): void {
		switch (key) {
			case "type":
				fields.type = this.#type(cursor);
				break;
			case "name":
				cursor.string(fields.name);
				break;
			case "mode":
				fields.mode = cursor.integer(0, ST_MODE);
				break;
			case "size":
				fields.size = cursor.integer(0, LIMITS.fileSize);
				break;
			case "modtime":
				fields.mtimeNs = this.#time(cursor);
				break;
			case "digest":
				fields.digest = this.#digest(cursor);
				break;
			case "offset":
				fields.offset = cursor.integer(0);
				break;
			case "endOffset":
				fields.endOffset = cursor.integer(0);
				break;
			default:
				this.#readRare(fields, cursor, key);
		}
	}

	#readRare(fields: EntryFields, cursor: JsonCursor, key: Key): void {
		switch (key) {
			case "linkName":
				fields.linkName = cursor.string(new TextRange());
				break;
			case "uid":
				fields.uid = cursor.integer(0, UINT32);
				break;
			case "gid":
				fields.gid = cursor.integer(0, UINT32);
				break;
			case "devMajor":
				fields.devMajor = cursor.integer(0, LIMITS.major);
				break;
			case "devMinor":
				fields.devMinor = cursor.integer(0, LIMITS.minor);
				break;
			case "xattrs":
				fields.xattrs = this.xattrReader.read(cursor);
				break;
			case "chunkSize":
				fields.chunkSize = cursor.integer(0, LIMITS.fileSize);
				break;
			case "chunkOffset":
				fields.chunkOffset = cursor.integer(0, LIMITS.fileSize);
				break;
			case "chunkDigest":
				fields.chunkDigest = this.#digest(cursor);
				break;
			case "chunkType":
				fields.isZeros = this.#chunkType(cursor);
				break;
			case "innerOffset":
				fields.innerOffset = cursor.integer(0);
				break;
			case "x-payload":
				fields.payload = cursor.string(new TextRange());
				break;
			case "x-content":
				cursor.string(this.value);
				fields.content = base64Of(cursor, this.value);
				break;
			// Of no use here, but readers elsewhere stop at what is none.
			case "accesstime":
			case "changetime":
				this.#time(cursor);
				break;
			case "NumLink":
				cursor.integer(0);
				break;
			default:
				cursor.string(this.value);
		}
	}

	#type(cursor: JsonCursor): EntryType {
		const value = this.value;
		cursor.string(value);
		const type = typeAt(cursor.bytes, value.start, value.end);
		if (type === undefined)
			cursor.fail("type", `${quoted(cursor, value)} is none of ${ENTRY_TYPES.join(", ")}`, value.start);
		return type;
	}

	#time(cursor: JsonCursor): bigint {
		const value = this.value;
		cursor.string(value);
		const time = value.form === 0 ? parseTime(cursor.bytes, value.start, value.end) : undefined;
		if (time === undefined)
			cursor.fail("time", `${quoted(cursor, value)} is not a time as in RFC 3339`, value.start);
		return time;
	}

	#digest(cursor: JsonCursor): number {
		cursor.peek();
		const { at } = cursor;
		if (cursor.token(DIGEST_START) && isDigestAt(cursor.bytes, cursor.at)) {
			const start = cursor.at;
			cursor.at = start + DIGEST_LENGTH + 1;
			return start;
		}
		cursor.at = at;
		const value = this.value;
		cursor.string(value);
		cursor.fail("digest", `${quoted(cursor, value)} is not "sha256:" and 64 small digits`, value.start);
	}

	#chunkType(cursor: JsonCursor): boolean {
		const value = this.value;
		cursor.string(value);
		if (value.start === value.end) return false;
		if (!equalsAt(ZEROS, cursor.bytes, value.start, value.end))
			cursor.fail("chunk", `${quoted(cursor, value)} is no type of chunks`, value.start);
		return true;
	}
}

/** Whether so many digits stand there, and the quote behind them. Behind the window is a NUL, which is neither. */
function isDigestAt(bytes: Uint8Array, at: number): boolean {
	const end = at + DIGEST_LENGTH;
	let wrong = 0;
	for (let n = at; n < end; n++) wrong |= NOT_HEX[bytes[n] as number] as number;
	return wrong === 0 && bytes[end] === QUOTE;
}

/**
 * Steps over the value of a key that means nothing here, unless somebody else might take it for one that does.
 *
 * @param others  keys of that kind that the object has had
 * @returns the key
 */
export function skipUnknown(
	cursor: JsonCursor,
	range: TextRange,
	known: FoldedKeys,
	others: ReadonlySet<string>,
): string {
	const at = range.start;
	const key = cursor.text(range);
	const variant = caseVariantOf(key, known);
	if (variant !== undefined) cursor.fail("key", `${JSON.stringify(key)} is "${variant}" to some readers`, at);
	// Some readers take an empty key for the end of an object.
	if (key === "") cursor.fail("key", "a key is empty", at);
	if (others.has(key)) cursor.fail("key-duplicate", `${JSON.stringify(key.slice(0, 80))} comes twice`, at);
	cursor.skip(range);
	return key;
}

/** The beginning of a text, for messages. */
function quoted(cursor: JsonCursor, range: TextRange): string {
	return JSON.stringify(cursor.text(range).slice(0, 80));
}
