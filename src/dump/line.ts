/** One line of composefs-dump(5), cut into its fields; what the fields mean is parse.ts's. */
import { ComposefsError } from "../errors.ts";
import { timeOf } from "../time.ts";
import { EscapeError, unescapeBytes, unescapeName } from "./escape.ts";

/** The fields in their order, by the manual's names. */
export const FIELDS = [
	"PATH",
	"SIZE",
	"MODE",
	"NLINK",
	"UID",
	"GID",
	"RDEV",
	"MTIME",
	"PAYLOAD",
	"CONTENT",
	"DIGEST",
] as const;
export type Field = (typeof FIELDS)[number] | "XATTR";

const INDEX = Object.fromEntries(FIELDS.map((field, index) => [field, index])) as Record<Field, number>;

const NUL = 0;
const SPACE = 0x20;
const BACKSLASH = 0x5c;
const DASH = 0x2d;
const DOT = 0x2e;
const EQUALS = 0x3d;
const SLASH = 0x2f;
const ZERO = 0x30;
const AT = 0x40;

const MISSING = -1;
/** How much of a field that is no good number an error shows. */
const SHOWN_DIGITS = 40;

/** A view on the line at hand, used again for each: lines come by the hundred thousand. */
export class DumpLine {
	/** From 1 */
	number = 0;
	/** Of the path, after readPath(). */
	parent = "";
	name = "";
	#bytes: Buffer = Buffer.alloc(0);
	#end = 0;
	/** Where each field begins and ends; the last place is for the xattrs, which reach to the end. */
	readonly #starts = new Int32Array(FIELDS.length + 1);
	readonly #ends = new Int32Array(FIELDS.length + 1);
	/** True if every field is plain ASCII without escapes, as nearly all are. */
	#plain = true;
	#lastParent = "";
	/** Where the last slash of the path stands, if the line is plain. */
	#slash = -1;

	/** Goes to the next line: the bytes from `start` to `end`, without the line feed. */
	read(bytes: Buffer, start: number, end: number): void {
		this.number++;
		this.#bytes = bytes;
		this.#end = end;
		if (start === end) this.fail(undefined, "the line is empty");
		const fields = this.#split(start, end);
		if (fields <= INDEX.MTIME) this.fail(FIELDS[fields], "the line ends before this field");
		// Fields that are missing at the end say nothing: old dumps have no DIGEST.
		this.#starts.fill(MISSING, fields, FIELDS.length);
	}

	/** Finds the fields; returns how many there are. */
	#split(start: number, end: number): number {
		const bytes = this.#bytes;
		const last = FIELDS.length;
		let field = 0;
		let seen = 0;
		let slash = -1;
		this.#starts[0] = start;
		this.#starts[last] = end;
		for (let at = start; at < end; at++) {
			const byte = bytes[at] as number;
			// Any bit 7, or a backslash, makes the line one that has to be looked at byte by byte.
			seen |= byte === BACKSLASH ? 0x80 : byte;
			if (byte === NUL) this.fail(FIELDS[field] ?? "XATTR", "there is a NUL byte");
			if (byte === SLASH && field === 0) slash = at;
			if (byte !== SPACE || field === last) continue;
			this.#ends[field++] = at;
			this.#starts[field] = at + 1;
		}
		if (field < last) this.#ends[field++] = end;
		this.#plain = (seen & 0x80) === 0;
		this.#slash = slash;
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

	/** Cuts PATH at its last slash: `parent` and `name` are strings of their own, which do not keep it alive. */
	readPath(): void {
		if (this.#plain && this.#slash >= 0) {
			this.parent = this.#parentText(this.#starts[0] as number, this.#slash);
			this.name = this.#bytes.toString("latin1", this.#slash + 1, this.#ends[0]);
			return;
		}
		const path = this.text("PATH");
		if (path === "") this.fail("PATH", "the path is empty");
		const slash = path.lastIndexOf("/");
		this.parent = path.slice(0, Math.max(slash, 0));
		this.name = path.slice(slash + 1);
	}

	/** Lines mostly follow others of their directory: then it is the same string again, and costs no memory. */
	#parentText(start: number, end: number): string {
		const last = this.#lastParent;
		let at = end - start === last.length ? last.length : Number.NaN;
		while (at > 0 && last.charCodeAt(at - 1) === this.#bytes[start + at - 1]) at--;
		if (at !== 0) this.#lastParent = this.#bytes.toString("latin1", start, end);
		return this.#lastParent;
	}

	text(field: Field): string {
		const index = INDEX[field];
		return this.#name(field, this.#starts[index] as number, this.#ends[index] as number);
	}

	/** The text of a field that may be `-`, for none. */
	optionalText(field: Field): string | undefined {
		return this.#isAbsent(field) ? undefined : this.text(field);
	}

	/** The bytes of a field that may be `-`, for none. */
	optionalBytes(field: Field): Uint8Array | undefined {
		if (this.#isAbsent(field)) return undefined;
		const index = INDEX[field];
		return this.#unescape(field, unescapeBytes, this.#starts[index] as number, this.#ends[index] as number);
	}

	/** A number without sign, at most `limit`. */
	count(field: Field, limit: number): number {
		const index = INDEX[field];
		return this.#digits(field, this.#starts[index] as number, this.#ends[index] as number, 10, limit);
	}

	/** `@` in front of MODE says that the line is a hard link. */
	get isLink(): boolean {
		return this.#bytes[this.#starts[INDEX.MODE] as number] === AT;
	}

	/** MODE, without what says that the line is a hard link. */
	mode(): number {
		const start = (this.#starts[INDEX.MODE] as number) + (this.isLink ? 1 : 0);
		return this.#digits("MODE", start, this.#ends[INDEX.MODE] as number, 8, 0o177777);
	}

	/** MTIME: seconds, which may be negative, a dot, and the nanoseconds to add. */
	mtimeNs(): bigint {
		const start = this.#starts[INDEX.MTIME] as number;
		const end = this.#ends[INDEX.MTIME] as number;
		const dot = this.#bytes.indexOf(DOT, start);
		if (dot < 0 || dot >= end) this.fail("MTIME", "there is no dot between seconds and nanoseconds");
		const nanoseconds = this.#digits("MTIME", dot + 1, end, 10, 999_999_999);
		const negative = this.#bytes[start] === DASH;
		const digits = this.#digits("MTIME", negative ? start + 1 : start, dot, 10, 2 ** 63);
		if (Number.isSafeInteger(digits)) return timeOf(negative ? -digits : digits, nanoseconds);
		// Past 2^53 a number would lose its last digits.
		const exact = BigInt(this.#bytes.toString("latin1", negative ? start + 1 : start, dot));
		return (negative ? -exact : exact) * 1_000_000_000n + BigInt(nanoseconds);
	}

	/** Undefined if there are none. Of two with one name, the later one counts, as for mkcomposefs. */
	xattrs(): Map<string, Uint8Array> | undefined {
		let at = this.#starts[FIELDS.length] as number;
		if (at >= this.#end) return undefined;
		const xattrs = new Map<string, Uint8Array>();
		while (at < this.#end) {
			const space = this.#bytes.indexOf(SPACE, at);
			const end = space < 0 || space > this.#end ? this.#end : space;
			const equals = this.#bytes.indexOf(EQUALS, at);
			if (equals < 0 || equals >= end) this.fail("XATTR", "there is no = between name and value");
			const name = this.#name("XATTR", at, equals);
			if (name === "") this.fail("XATTR", "the name is empty");
			xattrs.set(name, this.#unescape("XATTR", unescapeBytes, equals + 1, end));
			at = end + 1;
		}
		return xattrs;
	}

	#isAbsent(field: Field): boolean {
		const index = INDEX[field];
		const start = this.#starts[index] as number;
		if (start === MISSING) return true;
		const length = (this.#ends[index] as number) - start;
		if (length === 0) this.fail(field, "the field is empty; none is written -");
		return length === 1 && this.#bytes[start] === DASH;
	}

	#name(field: Field, start: number, end: number): string {
		if (this.#plain) return this.#bytes.toString("latin1", start, end);
		const name = this.#unescape(field, unescapeName, start, end);
		if (name.includes("\0")) this.fail(field, "there is a NUL byte");
		return name;
	}

	#unescape<T>(field: Field, how: (b: Buffer, s: number, e: number) => T, start: number, end: number): T {
		try {
			return how(this.#bytes, start, end);
		} catch (error) {
			if (error instanceof EscapeError) this.fail(field, error.message);
			throw error;
		}
	}

	#digits(field: Field, start: number, end: number, base: 8 | 10, limit: number): number {
		let value = 0;
		for (let at = start; at < end; at++) {
			const digit = (this.#bytes[at] as number) - ZERO;
			if (digit < 0 || digit >= base) return this.#noNumber(field, start, end, base);
			value = value * base + digit;
		}
		if (start === end) return this.#noNumber(field, start, end, base);
		// Past 2^53 the sum is rounded: what matters then are the digits themselves.
		if (value > limit || value > Number.MAX_SAFE_INTEGER)
			this.#checkLimit(field, this.#bytes.toString("latin1", start, end), base, limit, value);
		return value;
	}

	#checkLimit(field: Field, digits: string, base: 8 | 10, limit: number, rounded: number): void {
		if (Number.isFinite(rounded) && BigInt(base === 8 ? `0o${digits}` : digits) <= limit) return;
		this.fail(field, `${digits.slice(0, SHOWN_DIGITS)} is more than ${BigInt(limit).toString(base)}`);
	}

	#noNumber(field: Field, start: number, end: number, base: 8 | 10): never {
		const text = JSON.stringify(this.#bytes.toString("latin1", start, Math.min(end, start + SHOWN_DIGITS)));
		this.fail(field, `${text} is not ${base === 8 ? "an octal" : "a decimal"} number`);
	}
}
