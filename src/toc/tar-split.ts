/**
 * A tar-split: all bytes of a tar but the contents of its files, one JSON object a line. Beside a table of contents
 * it brings back the bytes of names, for the writers of tables put U+FFFD for whatever is not UTF-8.
 *
 *     {"type":2,"payload":"BASE64","position":0}                      bytes of the tar, as they are
 *     {"type":1,"name":"…","size":0,"payload":null,"position":1}      the content of a file; `name_raw` in base64
 */
import { ComposefsError } from "../errors.ts";
import type { LayerEntry } from "../layer-entry.ts";
import { bytesToName } from "../names.ts";
import type { EntryDescription } from "../tar/describe.ts";
import { decodeBase64 } from "./base64.ts";
import { canonicalPath } from "./entry-path.ts";
import { refuse } from "./fault.ts";
import { type FeedOptions, feed, type Steps, type TocText } from "./feed.ts";
import { readHeaders } from "./headers.ts";
import { joinEntry } from "./join.ts";
import { CLOSE_OBJECT, JsonCursor, OPEN_OBJECT, TextRange } from "./json.ts";

/** Bytes of a line. Headers take less than a megabyte; the end of an archive may be long. */
const MAX_LINE = 2 ** 22;
const SEGMENT = 2;
const FILE = 1;
const KEYS = new Set(["type", "name", "name_raw", "size", "payload", "position"]);

/**
 * Joins a tar-split to the entries of a table, which must be the same in the same order.
 *
 * @returns entries with the names, targets and xattrs that the tar has
 * @throws ComposefsError `ERR_COMPOSEFS_TOC`: rule `tar-split` for what is none, `tar-split-mismatch` where it tells
 *   of something else than the table
 */
export async function joinTarSplit(
	text: TocText,
	entries: readonly LayerEntry[],
	options: FeedOptions,
): Promise<LayerEntry[]> {
	const reader = new TarSplitReader(entries);
	await feed(text, reader, options);
	const { joined } = reader;
	if (joined.length < entries.length)
		refuse("tar-split-mismatch", `the tar-split has ${joined.length} entries, the table ${entries.length}`);
	return joined;
}

class TarSplitReader implements Steps {
	readonly cursor: JsonCursor = new JsonCursor();
	readonly stepLimit = MAX_LINE;
	readonly joined: LayerEntry[] = [];
	/** Paths of entries whose names the table has lost, where they may look the same. */
	readonly #lossy = new Set<string>();
	readonly #entries: readonly LayerEntry[];
	readonly #key = new TextRange();
	readonly #name = new TextRange();
	readonly #payload = new TextRange();
	readonly #other = new TextRange();
	#segments: Buffer[] = [];
	#position = 0;

	constructor(entries: readonly LayerEntry[]) {
		this.#entries = entries;
	}

	step(): boolean {
		const { cursor } = this;
		cursor.peek();
		if (cursor.at >= cursor.end) return false;
		const { type, nameKey, position, hasPayload } = this.#line();
		if (position !== this.#position)
			cursor.fail("tar-split", `line ${this.#position} says it is ${position}`);
		this.#position++;
		if (type === SEGMENT && hasPayload) this.#segments.push(this.#base64(this.#payload));
		else if (type === FILE && nameKey !== undefined) this.#file(nameKey);
		else cursor.fail("tar-split", "a line is neither a segment nor a file");
		return true;
	}

	#line(): { type: number; nameKey: string | undefined; position: number; hasPayload: boolean } {
		const { cursor } = this;
		const seen = new Set<string>();
		const line = { type: 0, nameKey: undefined as string | undefined, position: -1, hasPayload: false };
		for (let more = cursor.open(OPEN_OBJECT); more; more = cursor.more(CLOSE_OBJECT)) {
			cursor.key(this.#key);
			const at = this.#key.start;
			const key = cursor.text(this.#key);
			if (!KEYS.has(key) || seen.has(key))
				cursor.fail("tar-split", `${JSON.stringify(key)} is not a key here`, at);
			seen.add(key);
			if (key === "type") line.type = cursor.integer(SEGMENT - 1, SEGMENT);
			else if (key === "position") line.position = cursor.integer(0);
			else if (key === "size") cursor.integer(0);
			else if (key === "payload") line.hasPayload = this.#readPayload();
			else if (line.nameKey !== undefined) cursor.fail("tar-split", "a file has two names", at);
			else {
				line.nameKey = key;
				cursor.string(this.#name);
			}
		}
		return line;
	}

	/** Bytes, or null. */
	#readPayload(): boolean {
		const { cursor } = this;
		const isString = cursor.peek() === QUOTE;
		if (isString) cursor.string(this.#payload);
		else cursor.skip(this.#other);
		return isString;
	}

	#file(nameKey: string): void {
		const cursor: JsonCursor = this.cursor;
		const index = this.joined.length;
		const entry = this.#entries[index];
		if (entry === undefined)
			cursor.fail("tar-split-mismatch", `the table has ${index} entries, the tar-split more`);
		const described = this.#describe(index);
		const name = nameKey === "name" ? cursor.text(this.#name) : bytesToName(this.#base64(this.#name));
		if (name !== described.name)
			cursor.fail(
				"tar-split-mismatch",
				`${JSON.stringify(name.slice(0, 80))} has the header of another file`,
			);
		if (entry.name.includes(REPLACEMENT)) this.#checkPath(name);
		this.joined.push(joinEntry(entry, described, cursor.base + cursor.at));
	}

	#checkPath(name: string): void {
		const path = canonicalPath(name) ?? name;
		if (this.#lossy.has(path))
			this.cursor.fail("path-duplicate", `${JSON.stringify(name.slice(0, 80))} is there already`);
		this.#lossy.add(path);
	}

	#describe(index: number): EntryDescription {
		const segment =
			this.#segments.length === 1 ? (this.#segments[0] as Buffer) : Buffer.concat(this.#segments);
		this.#segments = [];
		try {
			return readHeaders(segment, index);
		} catch (error) {
			if (!(error instanceof ComposefsError) || error.code === "ERR_COMPOSEFS_TOC") throw error;
			refuse("tar-split", `the header of entry ${index}: ${error.message}`, { cause: error });
		}
	}

	#base64({ start, end }: TextRange): Buffer {
		const cursor: JsonCursor = this.cursor;
		const bytes = decodeBase64(cursor.bytes, start, end);
		if (bytes === undefined) cursor.fail("base64", "a value is not base64", start);
		return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
	}
}

const QUOTE = 0x22;
const REPLACEMENT = "\ufffd";
