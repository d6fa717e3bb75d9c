/**
 * Escapes of composefs-dump(5): `\\`, `\n`, `\r`, `\t` and `\xHH`. What is written is what composefs-info
 * writes: every byte that is not a visible ASCII character is escaped.
 */
import { copyOf } from "../byte-pool.ts";
import { bytesToName, nameToBytes } from "../names.ts";

const BACKSLASH = 0x5c;
const EQUALS = 0x3d;
const LETTER_X = 0x78;
const NAMED: ReadonlyMap<number, number> = new Map([
	[BACKSLASH, BACKSLASH],
	[0x6e, 0x0a], // n
	[0x72, 0x0d], // r
	[0x74, 0x09], // t
]);

/** What is wrong with an escape; the caller knows the line and the field. */
export class EscapeError extends Error {}

// Where bytes are put together, before it is known how many there are.
let scratch = new Uint8Array(1 << 13);

/** The bytes that a piece of a line stands for. */
export function unescapeBytes(line: Uint8Array, start: number, end: number): Uint8Array {
	if (end - start > scratch.length) scratch = new Uint8Array(2 * (end - start));
	const bytes = scratch;
	let length = 0;
	for (let at = start; at < end; at++) {
		const byte = line[at] as number;
		if (byte !== BACKSLASH) {
			bytes[length++] = byte;
			continue;
		}
		const kind = at + 1 < end ? (line[at + 1] as number) : 0;
		const named = NAMED.get(kind);
		bytes[length++] = named ?? hexEscape(line, at, end);
		at += named === undefined ? 3 : 1;
	}
	return copyOf(bytes, 0, length);
}

export function unescapeName(line: Uint8Array, start: number, end: number): string {
	return bytesToName(unescapeBytes(line, start, end));
}

/** `\xHH`, in either case. */
function hexEscape(line: Uint8Array, at: number, end: number): number {
	const high = hexDigit(line[at + 2]);
	const low = hexDigit(line[at + 3]);
	if (line[at + 1] === LETTER_X && at + 3 < end && high >= 0 && low >= 0) return high * 16 + low;
	const text = Buffer.from(line.subarray(at, Math.min(at + 4, end))).toString("latin1");
	throw new EscapeError(`unknown escape ${JSON.stringify(text)}`);
}

function hexDigit(byte = 0): number {
	const digit = byte - 0x30;
	if (digit >= 0 && digit <= 9) return digit;
	const letter = (byte | 0x20) - 0x61;
	return letter >= 0 && letter <= 5 ? letter + 10 : -1;
}

const CLEAN = /^[\x21-\x5b\x5d-\x7e]*$/;
const CLEAN_XATTR = /^[\x21-\x3c\x3e-\x5b\x5d-\x7e]*$/;

/** A path. */
export function escapeName(name: string): string {
	return CLEAN.test(name) ? name : escapeBytes(nameToBytes(name), false);
}

/** A path in a listing, where spaces may stand. */
export function escapeListed(name: string): string {
	return name.split(" ").map(escapeName).join(" ");
}

/** A payload or content, where a lone dash would mean that there is none. */
export function escapeOptional(value: string | Uint8Array): string {
	const escaped = typeof value === "string" ? escapeName(value) : escapeBytes(value, false);
	return escaped === "-" ? "\\x2d" : escaped;
}

/** The key or the value of an xattr. */
export function escapeXattr(value: string | Uint8Array): string {
	if (typeof value !== "string") return escapeBytes(value, true);
	return CLEAN_XATTR.test(value) ? value : escapeBytes(nameToBytes(value), true);
}

/** By byte; the escape of `=` is used in xattrs only. */
const ESCAPES: readonly string[] = Array.from({ length: 256 }, (_, byte) => {
	if (byte === BACKSLASH) return "\\\\";
	if (byte === 0x0a) return "\\n";
	if (byte === 0x0d) return "\\r";
	if (byte === 0x09) return "\\t";
	if (byte > 0x20 && byte < 0x7f) return String.fromCharCode(byte);
	return `\\x${byte.toString(16).padStart(2, "0")}`;
});

function escapeBytes(bytes: Uint8Array, isXattr: boolean): string {
	let text = "";
	for (const byte of bytes) text += isXattr && byte === EQUALS ? "\\x3d" : ESCAPES[byte];
	return text;
}
