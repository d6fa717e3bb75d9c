/** One entry of a table of contents: its keys, each at most once and in its one spelling, and their values. */
import { LIMITS } from "../limits.ts";
import { ENTRY_TYPES, type EntryType, typeAt } from "./entry-types.ts";
import { CLOSE_OBJECT, type JsonCursor, OPEN_OBJECT, TextRange } from "./json.ts";
import { caseVariantOf, equalsAt, type FoldedKeys, foldKeys, KEYS, type Key, keyAt } from "./keys.ts";
import { parseTime } from "./time.ts";
import { base64Of, XattrReader } from "./xattrs.ts";

const UINT32 = 2 ** 32 - 1;
const ST_MODE = 0o177777;
const DIGEST_START = Buffer.from('"sha256:', "latin1");
const DIGEST_LENGTH = 64;
/** With its quotes. */
const DIGEST_TOKEN_LENGTH = DIGEST_START.length + DIGEST_LENGTH + 1;
const QUOTE = 0x22;
const ZEROS = Buffer.from("zeros");
const BITS: ReadonlyMap<Key, number> = new Map(KEYS.map((key, number) => [key, 1 << number]));
const NAME_BIT = BITS.get("name") as number;
const TYPE_BIT = BITS.get("type") as number;
const FOLDED = foldKeys(KEYS);
/** Keys as most writers put them: with nothing between the quote and the colon. */
const TOKENS = KEYS.map((key) => Buffer.from(`"${key}":`, "latin1"));

const NOT_HEX = new Uint8Array(256).fill(1);
for (const digit of "0123456789abcdef") NOT_HEX[digit.charCodeAt(0)] = 0;

/** The fields of the entry read last. Ranges are in the cursor's window, and hold until the next is read. */
export class EntryFields {
	type: EntryType = "reg";
	readonly name: TextRange = new TextRange();
	readonly linkName: TextRange = new TextRange();
	/** As it is written: it may have the bits of the type. */
	mode = 0;
	uid = 0;
	gid = 0;
	/** -1 if there is none. */
	size = -1;
	mtimeNs = 0n;
	devMajor = 0;
	devMinor = 0;
	xattrs: Map<string, Uint8Array> | undefined = undefined;
	/** Place of the 64 digits in the window, or -1. */
	digest = -1;
	chunkDigest = -1;
	/** -1 if there is none. */
	offset = -1;
	endOffset = -1;
	chunkSize = 0;
	chunkOffset = 0;
	innerOffset = 0;
	isZeros = false;
	readonly payload: TextRange = new TextRange();
	content: Uint8Array | undefined = undefined;
	/** Where the entry begins, in the window. */
	start = 0;

	private readonly xattrReader = new XattrReader();
	private readonly key = new TextRange();
	private readonly value = new TextRange();
	private seen = 0;
	/**
	 * By key, the one that came behind it last, and one that did before; at the end, those of an entry's beginning.
	 * Writers keep to their order, but leave keys out.
	 */
	private readonly next = new Uint8Array(KEYS.length + 1);
	private readonly other = new Uint8Array(KEYS.length + 1);

	has(key: Key): boolean {
		return (this.seen & (BITS.get(key) as number)) !== 0;
	}

	/** Reads the entry that the cursor stands before. */
	read(cursor: JsonCursor): void {
		this.forget();
		let others: Set<string> | undefined;
		let more = cursor.open(OPEN_OBJECT);
		this.start = cursor.at;
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
			if ((this.seen & bit) !== 0) cursor.fail("key-duplicate", `"${KEYS[number]}" comes twice`, at);
			this.seen |= bit;
			this.#read(cursor, KEYS[number] as Key);
		}
		if ((this.seen & TYPE_BIT) === 0) cursor.fail("type", "an entry has no type", this.start);
		if ((this.seen & NAME_BIT) === 0) cursor.fail("name", "an entry has no name", this.start);
	}

	/** The number of the next key, of which those that were there before are tried first; -1 if it is none of KEYS. */
	#keyAfter(last: number, cursor: JsonCursor): number {
		const next = this.next[last] as number;
		if (cursor.token(TOKENS[next] as Uint8Array)) return next;
		let number = this.other[last] as number;
		if (!cursor.token(TOKENS[number] as Uint8Array)) {
			const key = this.key;
			cursor.key(key);
			number = key.form === 0 ? keyAt(cursor.bytes, key.start, key.end) : -1;
			if (number < 0) return number;
		}
		this.other[last] = next;
		this.next[last] = number;
		return number;
	}

	/** Lets go of what was read last. */
	forget(): void {
		this.seen = 0;
		this.mode = this.uid = this.gid = this.devMajor = this.devMinor = 0;
		this.size = this.offset = this.endOffset = this.digest = this.chunkDigest = -1;
		this.chunkSize = this.chunkOffset = this.innerOffset = 0;
		this.mtimeNs = 0n;
		this.xattrs = this.content = undefined;
		this.isZeros = false;
	}

	#read(cursor: JsonCursor, key: Key): void {
		switch (key) {
			case "type":
				this.type = this.#type(cursor);
				break;
			case "name":
				cursor.string(this.name);
				break;
			case "mode":
				this.mode = cursor.integer(0, ST_MODE);
				break;
			case "size":
				this.size = cursor.integer(0, LIMITS.fileSize);
				break;
			case "modtime":
				this.mtimeNs = this.#time(cursor);
				break;
			case "digest":
				this.digest = this.#digest(cursor);
				break;
			case "offset":
				this.offset = cursor.integer(0);
				break;
			case "endOffset":
				this.endOffset = cursor.integer(0);
				break;
			default:
				this.#readRare(cursor, key);
		}
	}

	#readRare(cursor: JsonCursor, key: Exclude<Key, "type" | "name" | "mode" | "size" | "modtime">): void {
		switch (key) {
			case "linkName":
				cursor.string(this.linkName);
				break;
			case "uid":
				this.uid = cursor.integer(0, UINT32);
				break;
			case "gid":
				this.gid = cursor.integer(0, UINT32);
				break;
			case "devMajor":
				this.devMajor = cursor.integer(0, LIMITS.major);
				break;
			case "devMinor":
				this.devMinor = cursor.integer(0, LIMITS.minor);
				break;
			case "xattrs":
				this.xattrs = this.xattrReader.read(cursor);
				break;
			case "chunkSize":
				this.chunkSize = cursor.integer(0, LIMITS.fileSize);
				break;
			case "chunkOffset":
				this.chunkOffset = cursor.integer(0, LIMITS.fileSize);
				break;
			case "chunkDigest":
				this.chunkDigest = this.#digest(cursor);
				break;
			case "chunkType":
				this.isZeros = this.#chunkType(cursor);
				break;
			case "innerOffset":
				this.innerOffset = cursor.integer(0);
				break;
			case "x-payload":
				cursor.string(this.payload);
				break;
			case "x-content":
				cursor.string(this.value);
				this.content = base64Of(cursor, this.value);
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
		if (at + DIGEST_TOKEN_LENGTH <= cursor.end && isDigestAt(cursor.bytes, at)) {
			cursor.at = at + DIGEST_TOKEN_LENGTH;
			return at + DIGEST_START.length;
		}
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

function isDigestAt(bytes: Uint8Array, at: number): boolean {
	for (let n = 0; n < DIGEST_START.length; n++) if (bytes[at + n] !== DIGEST_START[n]) return false;
	const digits = at + DIGEST_START.length;
	let wrong = 0;
	for (let n = digits; n < digits + DIGEST_LENGTH; n++) wrong |= NOT_HEX[bytes[n] as number] as number;
	return wrong === 0 && bytes[digits + DIGEST_LENGTH] === QUOTE;
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
export function quoted(cursor: JsonCursor, range: TextRange): string {
	return JSON.stringify(cursor.text(range).slice(0, 80));
}
