/**
 * JSON, token by token, over bytes that come in windows. Not JSON.parse: a document may have hundreds of
 * megabytes, longer than a string can be, and it comes from outside. Nothing is decoded but what is asked for.
 */
import type { Bytes } from "../byte-pool.ts";
import { fail, type TocRule } from "./fault.ts";
import { skipPlain, type Token } from "./words.ts";

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const COLON = 0x3a;
const MINUS = 0x2d;
const ZERO = 0x30;
const NINE = 0x39;
const LOWER_U = 0x75;

export const OPEN_OBJECT = 0x7b;
export const CLOSE_OBJECT = 0x7d;
export const OPEN_ARRAY = 0x5b;
export const CLOSE_ARRAY = 0x5d;

/** Of values that are skipped. */
const MAX_DEPTH = 64;

/** What a string is made of. */
const HIGH = 1;
const ESCAPED = 2;

/** What a byte means in a string. */
const PLAIN = 0;
const IS_HIGH = 1;
const IS_QUOTE = 2;
const IS_BACKSLASH = 3;
const IS_CONTROL = 4;
const CLASSES = new Uint8Array(256).fill(IS_CONTROL, 0, 0x20).fill(IS_HIGH, 0x80);
CLASSES[QUOTE] = IS_QUOTE;
CLASSES[BACKSLASH] = IS_BACKSLASH;

const ESCAPES: ReadonlyMap<number, string> = new Map(
	Object.entries({ '"': '"', "\\": "\\", "/": "/", b: "\b", f: "\f", n: "\n", r: "\r", t: "\t" }).map(
		([letter, text]) => [letter.charCodeAt(0), text],
	),
);

export type { Bytes };

/** Where a string stands in a window, without its quotes. */
export class TextRange {
	start = 0;
	end = 0;
	/** 0 if it is ASCII and has no escapes. */
	form = 0;
}

/** Whether the bytes of a string in a window are not those that it stands for. */
export function isEscaped({ form }: TextRange): boolean {
	return (form & ESCAPED) !== 0;
}

/** Thrown, and caught by whoever fills the window: it ends within what is being read. */
export const STARVED: { readonly starved: true } = { starved: true };

const NO_WINDOW = Buffer.alloc(1) as Bytes;
const NO_VIEW = viewOf(NO_WINDOW);

export class JsonCursor {
	/** The window, and a NUL behind it: no token has one in it, so no token is read beyond the end. */
	bytes: Bytes = NO_WINDOW;
	/** The same. */
	view: DataView = NO_VIEW;
	at = 0;
	end = 0;
	/** Place of the window in the document. */
	base = 0;
	/** Nothing comes after the window. */
	isLast = false;

	/** Gives it a window; where it stands in it, `at` and `base` say. */
	show(bytes: Bytes, end: number, isLast: boolean): void {
		if (bytes !== this.bytes) this.view = viewOf(bytes);
		this.bytes = bytes;
		this.end = end;
		this.isLast = isLast;
	}

	/** Lets go of its window, and stands before the beginning of another document. */
	forget(): void {
		this.bytes = NO_WINDOW;
		this.view = NO_VIEW;
		this.at = this.end = this.base = 0;
		this.isLast = false;
	}

	fail(rule: TocRule, problem: string, at: number = this.at): never {
		fail(rule, this.base + at, problem);
	}

	/** Throws what there is to say of a byte that should not be there. */
	unexpected(wanted: string, at: number = this.at): never {
		if (at >= this.end) {
			if (!this.isLast) throw STARVED;
			this.fail("json-end", `the text ends where ${wanted} should be`, this.end);
		}
		const byte = this.bytes[at] as number;
		const found = byte > 0x20 && byte < 0x7f ? `"${String.fromCharCode(byte)}"` : `byte ${byte}`;
		this.fail("json", `${found} stands where ${wanted} should be`, at);
	}

	/** The next byte that is not white space. */
	peek(): number {
		const { bytes } = this;
		let { at } = this;
		let byte = bytes[at] as number;
		while (byte === 0x20 || byte === 0x0a || byte === 0x09 || byte === 0x0d) byte = bytes[++at] as number;
		this.at = at;
		return byte;
	}

	/** Steps over `{` or `[`; true if a member follows. */
	open(bracket: number): boolean {
		if (this.peek() !== bracket) this.unexpected(bracket === OPEN_OBJECT ? "an object" : "an array");
		this.at++;
		if (this.peek() !== bracket + 2) return true;
		this.at++;
		return false;
	}

	/** Behind a member: true if another follows, false behind the last. */
	more(closing: number): boolean {
		if (this.bytes[this.at] === COMMA) {
			this.at++;
			return true;
		}
		const byte = this.peek();
		if (byte !== COMMA && byte !== closing) this.unexpected('"," or the end of the list');
		this.at++;
		return byte === COMMA;
	}

	/** Reads a member's key, and stands before its value then. */
	key(range: TextRange): void {
		this.string(range);
		if (this.peek() !== COLON) this.unexpected('":"');
		this.at++;
	}

	/** Steps over a token, if that is what comes next. */
	token(token: Token): boolean {
		const { at } = this;
		const end = at + token.length;
		if (end > this.end || !token.isAt(this.view, at)) return false;
		this.at = end;
		return true;
	}

	/** Reads a string, and returns where it stands: `range`. */
	string(range: TextRange): TextRange {
		if (this.peek() !== QUOTE) this.unexpected("a string");
		const { bytes, view, end } = this;
		let at = this.at + 1;
		let form = 0;
		range.start = at;
		for (;;) {
			at = skipPlain(view, at, end);
			let kind = CLASSES[bytes[at] as number];
			while (kind === PLAIN) kind = CLASSES[bytes[++at] as number];
			if (kind === IS_QUOTE) break;
			if (kind === IS_CONTROL) this.unexpected("the end of a string", at);
			form |= kind === IS_HIGH ? HIGH : ESCAPED;
			at = kind === IS_HIGH ? at + 1 : this.#escape(at + 1);
		}
		range.end = at;
		range.form = form;
		this.at = at + 1;
		return range;
	}

	/** An integer; beyond 2^53 - 1, numbers that are read are not those that are written. */
	integer(min: number, max: number = Number.MAX_SAFE_INTEGER): number {
		const first = this.peek();
		const start = this.at;
		const { bytes } = this;
		let at = first === MINUS ? start + 1 : start;
		const digits = at;
		let value = 0;
		let byte = bytes[at] as number;
		while (byte >= ZERO && byte <= NINE) {
			value = value * 10 + (byte - ZERO);
			byte = bytes[++at] as number;
		}
		if (at === digits) this.unexpected("an integer", at);
		if (at >= this.end) this.unexpected("the end of a number", at);
		if (at - digits > 1 && bytes[digits] === ZERO) this.fail("json", "a number begins with 0", start);
		if (byte === 0x2e || byte === 0x65 || byte === 0x45)
			this.fail("integer", "a number is not an integer", start);
		if (first === MINUS) value = -value;
		if (value < min || value > Math.min(max, Number.MAX_SAFE_INTEGER)) {
			const text = bytes.latin1Slice(start, Math.min(at, start + 40));
			this.fail("integer", `${text} is not an integer from ${min} to ${max}`, start);
		}
		this.at = at;
		return value;
	}

	/** A string of the window. Its lone surrogates, which would stand for bytes in a name, are refused. */
	text({ start, end, form }: TextRange): string {
		if (form === 0) return this.bytes.latin1Slice(start, end);
		if (form === HIGH) return this.bytes.utf8Slice(start, end);
		const text = this.#unescape(start, end);
		if (!text.isWellFormed()) this.fail("utf8", "a string has half a surrogate pair in it", start);
		return text;
	}

	/** Steps over any value. */
	skip(range: TextRange, depth = 0): void {
		if (depth > MAX_DEPTH) this.fail("json-depth", `a value is more than ${MAX_DEPTH} levels deep`);
		const byte = this.peek();
		if (byte === QUOTE) this.string(range);
		else if (byte === OPEN_OBJECT) {
			if (!this.open(OPEN_OBJECT)) return;
			do {
				this.key(range);
				this.skip(range, depth + 1);
			} while (this.more(CLOSE_OBJECT));
		} else if (byte === OPEN_ARRAY) {
			if (!this.open(OPEN_ARRAY)) return;
			do this.skip(range, depth + 1);
			while (this.more(CLOSE_ARRAY));
		} else this.#skipPlain();
	}

	/** A number, or one of the three words. */
	#skipPlain(): void {
		let at = this.at;
		while (isPlain(this.bytes[at] as number)) at++;
		if (at >= this.end) this.unexpected("the end of a value", at);
		// Longer than any number that somebody writes: the pattern would take its time.
		const text = this.bytes.latin1Slice(this.at, Math.min(at, this.at + 400));
		if (!/^(?:-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null)$/.test(text))
			this.unexpected("a value", this.at);
		this.at = at;
	}

	/** Checks an escape, from behind its backslash, and returns what is behind it. */
	#escape(at: number): number {
		const letter = this.bytes[at] as number;
		if (ESCAPES.has(letter)) return at + 1;
		if (letter !== LOWER_U) this.unexpected("an escape", at);
		for (let digit = at + 1; digit <= at + 4; digit++)
			if (!isHexDigit(this.bytes[digit] as number)) this.unexpected("a hexadecimal digit", digit);
		return at + 5;
	}

	#unescape(start: number, end: number): string {
		const { bytes } = this;
		let text = "";
		let from = start;
		for (let at = bytes.indexOf(BACKSLASH, from); at >= 0 && at < end; at = bytes.indexOf(BACKSLASH, from)) {
			text += bytes.utf8Slice(from, at);
			const letter = bytes[at + 1] as number;
			const simple = ESCAPES.get(letter);
			text += simple ?? String.fromCharCode(Number.parseInt(bytes.latin1Slice(at + 2, at + 6), 16));
			from = at + (simple === undefined ? 6 : 2);
			if (from >= end) break;
		}
		return text + bytes.utf8Slice(from, end);
	}
}

function viewOf({ buffer, byteOffset, length }: Uint8Array): DataView {
	return new DataView(buffer, byteOffset, length);
}

function isHexDigit(byte: number): boolean {
	const letter = byte | 0x20;
	return (byte >= ZERO && byte <= NINE) || (letter >= 0x61 && letter <= 0x66);
}

/** Letters, digits and the signs that numbers have. */
function isPlain(byte: number): boolean {
	const letter = byte | 0x20;
	return (
		(byte >= ZERO && byte <= NINE) ||
		(letter >= 0x61 && letter <= 0x7a) ||
		byte === MINUS ||
		byte === 0x2b ||
		byte === 0x2e
	);
}
