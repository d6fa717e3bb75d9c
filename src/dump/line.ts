/** One line of composefs-dump(5), cut into its fields; what the fields mean is parse.ts's. */
import { type Bytes, copyOf } from "../byte-pool.ts";
import { ComposefsError } from "../errors.ts";
import { bytesToName } from "../names.ts";
import { SharedValues } from "../shared-values.ts";
import { timeOf } from "../time.ts";
import { EscapeError, unescapeBytes, unescapeName } from "./escape.ts";
import { FIELDS, type Field, fieldAt, INDEX } from "./fields.ts";

const NUL = 0;
const LINE_FEED = 0x0a;
const SPACE = 0x20;
const BACKSLASH = 0x5c;
const DASH = 0x2d;
const DOT = 0x2e;
const EQUALS = 0x3d;
const SLASH = 0x2f;
const ZERO = 0x30;
const AT = 0x40;

const MISSING = -1;
const DIGEST_LENGTH = 64;

// What a byte means to the search for fields. Those that are not plain make the line one that is read byte by byte.
const PLAIN = 0;
const NOT_PLAIN = 1;
const SEPARATOR = 2;
const KINDS = Uint8Array.from({ length: 256 }, (_, byte) => {
	if (byte === NUL || byte === LINE_FEED || byte === SPACE || byte === SLASH) return SEPARATOR;
	return byte === BACKSLASH || byte >= 0x80 ? NOT_PLAIN : PLAIN;
});
const LOWER_HEX = Uint8Array.from({ length: 256 }, (_, byte) =>
	/[0-9a-f]/.test(String.fromCharCode(byte)) ? 1 : 0,
);

/** How much of a field that is no good number an error shows. */
const SHOWN_DIGITS = 40;

const NO_TEXT = Buffer.alloc(0) as Bytes;

/** A view on the line at hand, used again for each: lines come by the hundred thousand. */
export class DumpLine {
	/** From 1 */
	number = 0;
	/** True if every field is plain ASCII without escapes, as nearly all are. */
	isPlain = true;
	/** PATH, after readPath(), without escapes: the directory's, then a slash unless it is the root's, then the name. */
	pathBytes: Bytes = NO_TEXT;
	pathStart = 0;
	/** Where the directory's path ends. */
	parentEnd = 0;
	name = "";
	#bytes: Bytes = NO_TEXT;
	#end = 0;
	/** Where each field begins and ends; the last place is for the xattrs, which reach to the end. */
	readonly #starts = new Int32Array(FIELDS.length + 1);
	readonly #ends = new Int32Array(FIELDS.length + 1);
	/** Where the last slash of the path stands, or -1. */
	#slash = -1;
	#lastXattr = "";
	readonly #values = new SharedValues();

	/** Lets go of the text, and stands before the first line of another one. */
	forget(): void {
		this.number = 0;
		this.pathBytes = this.#bytes = NO_TEXT;
		this.#values.clear();
	}

	/** Goes to the next line, from `start` to its line feed or to `end`; returns which. */
	read(bytes: Buffer, start: number, end: number): number {
		this.number++;
		this.#bytes = bytes as Bytes;
		const fields = this.#split(start, end);
		if (start === this.#end) this.fail(undefined, "the line is empty");
		if (fields <= INDEX.MTIME) this.fail(FIELDS[fields], "the line ends before this field");
		// Fields that are missing at the end say nothing: old dumps have no DIGEST.
		if (fields < FIELDS.length) this.#starts.fill(MISSING, fields, FIELDS.length);
		return this.#end;
	}

	/** Finds the line's end and its fields; returns how many there are. */
	#split(start: number, limit: number): number {
		const bytes = this.#bytes;
		const last = FIELDS.length;
		let field = 0;
		let seen = PLAIN;
		let at = start;
		this.#slash = -1;
		this.#starts[0] = start;
		for (; at < limit; at++) {
			const byte = bytes[at] as number;
			const kind = KINDS[byte] as number;
			if (kind === PLAIN) continue;
			seen |= kind;
			if (byte === LINE_FEED) break;
			if (byte === NUL) this.fail(FIELDS[field] ?? "XATTR", "there is a NUL byte");
			if (byte === SLASH && field === 0) this.#slash = at;
			if (byte !== SPACE || field === last) continue;
			this.#ends[field++] = at;
			this.#starts[field] = at + 1;
		}
		this.#end = at;
		if (field < last) {
			this.#ends[field++] = at;
			this.#starts[last] = at;
		}
		this.isPlain = (seen & NOT_PLAIN) === 0;
		return field;
	}

	/** Throws an error that names the line and the field. */
	fail(field: Field | undefined, problem: string, details: { rule?: string; cause?: unknown } = {}): never {
		const where = field === undefined ? "" : `${field}: `;
		throw new ComposefsError("ERR_COMPOSEFS_DUMP", `line ${this.number}: ${where}${problem}`, {
			line: this.number,
			...(field !== undefined && { field }),
			...details,
		});
	}

	/** Cuts PATH at its last slash. */
	readPath(): void {
		const start = this.#starts[INDEX.PATH] as number;
		const end = this.#ends[INDEX.PATH] as number;
		if (start === end) this.fail("PATH", "the path is empty");
		if (!this.isPlain) {
			this.#unescapePath(start, end);
			return;
		}
		this.pathBytes = this.#bytes;
		this.pathStart = start;
		this.parentEnd = Math.max(this.#slash, start);
		this.name = this.#bytes.latin1Slice(this.#slash < 0 ? start : this.#slash + 1, end);
	}

	get isRoot(): boolean {
		return this.name === "" && this.parentEnd === this.pathStart;
	}

	#unescapePath(start: number, end: number): void {
		const { buffer, byteOffset, length } = this.#unescape(INDEX.PATH, unescapeBytes, start, end);
		const path = Buffer.from(buffer, byteOffset, length) as Bytes;
		if (path.includes(NUL)) this.fail("PATH", "there is a NUL byte");
		const slash = path.lastIndexOf(SLASH);
		this.pathBytes = path;
		this.pathStart = 0;
		this.parentEnd = Math.max(slash, 0);
		this.name = bytesToName(path.subarray(slash + 1));
	}

	text(index: number): string {
		return this.#name(index, this.#starts[index] as number, this.#ends[index] as number);
	}

	/** The text of a field that may be `-`, for none. */
	optionalText(index: number): string | undefined {
		return this.#isAbsent(index) ? undefined : this.text(index);
	}

	/** The bytes of a field that may be `-`, for none. */
	optionalBytes(index: number): Uint8Array | undefined {
		if (this.#isAbsent(index)) return undefined;
		return this.#value(index, this.#starts[index] as number, this.#ends[index] as number);
	}

	/** A digest in small digits, or undefined for `-`. */
	digest(): string | undefined {
		if (this.#isAbsent(INDEX.DIGEST)) return undefined;
		const start = this.#starts[INDEX.DIGEST] as number;
		let at = start;
		while (LOWER_HEX[this.#bytes[at] as number] === 1) at++;
		const isUsual = at - start === DIGEST_LENGTH && at === this.#ends[INDEX.DIGEST];
		if (isUsual) return this.#bytes.latin1Slice(start, at);
		const digest = this.text(INDEX.DIGEST);
		if (!/^[0-9a-fA-F]{64}$/.test(digest))
			this.fail("DIGEST", `${JSON.stringify(digest.slice(0, 80))} is not 64 hexadecimal digits`);
		return digest.toLowerCase();
	}

	/** A number without sign, at most `limit`. */
	count(index: number, limit: number): number {
		return this.#digits(index, this.#starts[index] as number, this.#ends[index] as number, 10, limit);
	}

	/** `@` in front of MODE says that the line is a hard link. */
	get isLink(): boolean {
		return this.#bytes[this.#starts[INDEX.MODE] as number] === AT;
	}

	/** MODE, without what says that the line is a hard link. */
	mode(): number {
		const start = (this.#starts[INDEX.MODE] as number) + (this.isLink ? 1 : 0);
		return this.#digits(INDEX.MODE, start, this.#ends[INDEX.MODE] as number, 8, 0o177777);
	}

	/** MTIME: seconds, which may be negative, a dot, and the nanoseconds to add. */
	mtimeNs(): bigint {
		const start = this.#starts[INDEX.MTIME] as number;
		const end = this.#ends[INDEX.MTIME] as number;
		let dot = start;
		while (dot < end && this.#bytes[dot] !== DOT) dot++;
		if (dot === end) this.fail("MTIME", "there is no dot between seconds and nanoseconds");
		const nanoseconds = this.#digits(INDEX.MTIME, dot + 1, end, 10, 999_999_999);
		const negative = this.#bytes[start] === DASH;
		const digits = this.#digits(INDEX.MTIME, negative ? start + 1 : start, dot, 10, 2 ** 63);
		if (Number.isSafeInteger(digits)) return timeOf(negative ? -digits : digits, nanoseconds);
		// Past 2^53 a number would lose its last digits.
		const exact = BigInt(this.#bytes.toString("latin1", negative ? start + 1 : start, dot));
		return (negative ? -exact : exact) * 1_000_000_000n + BigInt(nanoseconds);
	}

	/** Undefined if there are none. Of two with one name, the later one counts, as for mkcomposefs. Equal values are one array. */
	xattrs(): Map<string, Uint8Array> | undefined {
		let at = this.#starts[FIELDS.length] as number;
		if (at >= this.#end) return undefined;
		const xattrs = new Map<string, Uint8Array>();
		while (at < this.#end) {
			const end = this.#find(SPACE, at, this.#end);
			const equals = this.#find(EQUALS, at, end);
			if (equals === end) this.fail("XATTR", "there is no = between name and value");
			const name = this.#xattrName(at, equals);
			if (name === "") this.fail("XATTR", "the name is empty");
			const start = equals + 1;
			const value = this.#values.get(this.#bytes, start, end, () => this.#value(INDEX.XATTR, start, end));
			xattrs.set(name, value);
			at = end + 1;
		}
		return xattrs;
	}

	#find(byte: number, start: number, end: number): number {
		let at = start;
		while (at < end && this.#bytes[at] !== byte) at++;
		return at;
	}

	/** Mostly that of the line before: then it is the same string again. */
	#xattrName(start: number, end: number): string {
		const last = this.#lastXattr;
		let at = end - start === last.length && this.isPlain ? 0 : Number.NaN;
		while (at < last.length && last.charCodeAt(at) === this.#bytes[start + at]) at++;
		if (at !== last.length) this.#lastXattr = this.#name(INDEX.XATTR, start, end);
		return this.#lastXattr;
	}

	#isAbsent(index: number): boolean {
		const start = this.#starts[index] as number;
		if (start === MISSING) return true;
		const length = (this.#ends[index] as number) - start;
		if (length === 0) this.fail(FIELDS[index], "the field is empty; none is written -");
		return length === 1 && this.#bytes[start] === DASH;
	}

	#name(index: number, start: number, end: number): string {
		if (this.isPlain) return this.#bytes.latin1Slice(start, end);
		const name = this.#unescape(index, unescapeName, start, end);
		if (name.includes("\0")) this.fail(fieldAt(index), "there is a NUL byte");
		return name;
	}

	#value(index: number, start: number, end: number): Uint8Array {
		if (this.isPlain) return copyOf(this.#bytes, start, end - start);
		return this.#unescape(index, unescapeBytes, start, end);
	}

	#unescape<T>(index: number, how: (b: Buffer, s: number, e: number) => T, start: number, end: number): T {
		try {
			return how(this.#bytes, start, end);
		} catch (error) {
			if (error instanceof EscapeError) this.fail(fieldAt(index), error.message);
			throw error;
		}
	}

	#digits(index: number, start: number, end: number, base: 8 | 10, limit: number): number {
		let value = 0;
		for (let at = start; at < end; at++) {
			const digit = (this.#bytes[at] as number) - ZERO;
			if (digit < 0 || digit >= base) return this.#noNumber(index, start, end, base);
			value = value * base + digit;
		}
		if (start === end) return this.#noNumber(index, start, end, base);
		// Past 2^53 the sum is rounded: what matters then are the digits themselves.
		if (value > limit || value > Number.MAX_SAFE_INTEGER)
			this.#checkLimit(index, this.#bytes.toString("latin1", start, end), base, limit, value);
		return value;
	}

	#checkLimit(index: number, digits: string, base: 8 | 10, limit: number, rounded: number): void {
		if (Number.isFinite(rounded) && BigInt(base === 8 ? `0o${digits}` : digits) <= limit) return;
		this.fail(FIELDS[index], `${digits.slice(0, SHOWN_DIGITS)} is more than ${BigInt(limit).toString(base)}`);
	}

	#noNumber(index: number, start: number, end: number, base: 8 | 10): never {
		const text = JSON.stringify(this.#bytes.toString("latin1", start, Math.min(end, start + SHOWN_DIGITS)));
		this.fail(FIELDS[index], `${text} is not ${base === 8 ? "an octal" : "a decimal"} number`);
	}
}
