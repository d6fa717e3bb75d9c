/** A table of contents as text: an object with a version, and a list of entries that are told one by one. */
import { Idle } from "../idle.ts";
import type { EntryFields } from "./entry.ts";
import { EntryReader, skipUnknown } from "./entry-reader.ts";
import { type FeedOptions, feed, type Steps, type TocText } from "./feed.ts";
import { CLOSE_ARRAY, CLOSE_OBJECT, JsonCursor, OPEN_ARRAY, OPEN_OBJECT, TextRange } from "./json.ts";
import { foldKeys } from "./keys.ts";
import { TOC_LIMITS } from "./limits.ts";
import { refuseLongStep } from "./window.ts";

export interface DocumentVisitor {
	/** An entry; `cursor` has the window that its ranges are in, until this returns. */
	entry(fields: EntryFields, cursor: JsonCursor): void;
}

/** What stands beside the entries. */
export interface DocumentHead {
	readonly version: number | undefined;
	readonly tarSplitDigest: string | undefined;
}

const LETTER_N = 0x6e;
const ROOT_KEYS = foldKeys(["version", "entries", "tarSplitDigest"]);

/**
 * Reads a document, in slices of a few milliseconds.
 *
 * @throws ComposefsError `ERR_COMPOSEFS_TOC` with the rule and the `offset` in the text; what the visitor
 *   throws; the reason of `signal`
 */
export async function readDocument(
	text: TocText,
	visitor: DocumentVisitor,
	options: FeedOptions,
): Promise<DocumentHead> {
	return idle.lend(async (document) => {
		document.begin(visitor);
		await feed(text, document, options);
		return document.head();
	});
}

const NOBODY: DocumentVisitor = { entry() {} };

/** What comes next. */
type State = "start" | "member" | "entry" | "behind-entries" | "end";

/** Reads members and entries one by one; one that the window cuts is read again when there is more of it. */
class Document implements Steps {
	readonly cursor: JsonCursor = new JsonCursor();
	readonly stepLimit = TOC_LIMITS.entrySize;

	private visitor: DocumentVisitor = NOBODY;
	private version: number | undefined = undefined;
	private tarSplitDigest: string | undefined = undefined;
	private readonly reader = new EntryReader();
	private readonly range = new TextRange();
	private readonly others = new Set<string>();
	private state: State = "start";
	private hasEntries = false;

	begin(visitor: DocumentVisitor): void {
		this.visitor = visitor;
	}

	head(): DocumentHead {
		const { version, tarSplitDigest } = this;
		return { version, tarSplitDigest };
	}

	/** Lets go of the text and of the visitor, wherever in it the reading ended. */
	forget(): void {
		this.cursor.forget();
		this.visitor = NOBODY;
		this.version = this.tarSplitDigest = undefined;
		this.others.clear();
		this.state = "start";
		this.hasEntries = false;
	}

	/** Changes nothing but the cursor's place before it has read all that it needs. False at the end. */
	step(): boolean {
		const { cursor } = this;
		switch (this.state) {
			case "entry":
				this.#entry();
				return true;
			case "start":
				this.state = cursor.open(OPEN_OBJECT) ? "member" : "end";
				return true;
			case "member":
				this.#member();
				return true;
			case "behind-entries":
				this.state = cursor.more(CLOSE_OBJECT) ? "member" : "end";
				return true;
			case "end":
				return this.#end();
		}
	}

	#entry(): void {
		const { cursor } = this;
		const fields = this.reader.read(cursor);
		const end = cursor.at;
		if (end - fields.start > this.stepLimit) refuseLongStep(cursor, fields.start, this.stepLimit);
		const more = cursor.more(CLOSE_ARRAY);
		this.visitor.entry(fields, cursor);
		if (!more) this.state = "behind-entries";
	}

	#member(): void {
		const { cursor } = this;
		const range = this.range;
		cursor.key(range);
		const at = range.start;
		const key = cursor.text(range);
		if (key === "entries") {
			if (this.hasEntries) cursor.fail("key-duplicate", '"entries" comes twice', at);
			// What Go writes of a list that nothing was added to.
			const isNull = cursor.peek() === LETTER_N;
			if (isNull) cursor.skip(range);
			const more = !isNull && cursor.open(OPEN_ARRAY);
			this.hasEntries = true;
			this.state = more ? "entry" : "behind-entries";
			return;
		}
		const value = this.#value(key, at);
		const more = cursor.more(CLOSE_OBJECT);
		if (key === "version") this.version = value as number;
		else if (key === "tarSplitDigest") this.tarSplitDigest = value as string;
		else this.others.add(key);
		this.state = more ? "member" : "end";
	}

	#value(key: string, at: number): number | string | undefined {
		const { cursor } = this;
		const range = this.range;
		const known =
			key === "version" ? this.version : key === "tarSplitDigest" ? this.tarSplitDigest : undefined;
		if (known !== undefined) cursor.fail("key-duplicate", `"${key}" comes twice`, at);
		if (key === "version") {
			const version = cursor.integer(0);
			if (version !== 1) cursor.fail("version", `version ${version} is not known, only 1 is`, at);
			return version;
		}
		if (key !== "tarSplitDigest") {
			skipUnknown(cursor, range, ROOT_KEYS, this.others);
			return undefined;
		}
		cursor.string(range);
		const digest = cursor.text(range);
		if (!/^sha256:[0-9a-f]{64}$/.test(digest))
			cursor.fail(
				"digest",
				`${JSON.stringify(digest.slice(0, 80))} is not "sha256:" and 64 small digits`,
				at,
			);
		return digest;
	}

	#end(): boolean {
		const { cursor } = this;
		cursor.peek();
		if (cursor.at < cursor.end) cursor.fail("json", "something stands behind the document");
		if (cursor.isLast && !this.hasEntries) cursor.fail("json", 'the document has no "entries"');
		return false;
	}
}

const idle = new Idle(() => new Document());
