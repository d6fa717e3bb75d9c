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

/** By byte: what is written for it, and whether that is the byte itself. `=` is escaped in xattrs only. */
export interface Escapes {
	readonly texts: readonly Uint8Array[];
	readonly plain: Uint8Array;
}

export const ESCAPES: Escapes = tableOf(escapeOf);
export const XATTR_ESCAPES: Escapes = tableOf((byte) => (byte === EQUALS ? "\\x3d" : escapeOf(byte)));
/** The longest. */
export const ESCAPE_LENGTH = 4;

function tableOf(textOf: (byte: number) => string): Escapes {
	const texts = Array.from({ length: 256 }, (_, byte) => textOf(byte));
	const plain = Uint8Array.from(texts, (text) => (text.length === 1 ? 1 : 0));
	return { texts: texts.map((text) => Buffer.from(text, "latin1")), plain };
}

function escapeOf(byte: number): string {
	if (byte === BACKSLASH) return "\\\\";
	if (byte === 0x0a) return "\\n";
	if (byte === 0x0d) return "\\r";
	if (byte === 0x09) return "\\t";
	if (byte > 0x20 && byte < 0x7f) return String.fromCharCode(byte);
	return `\\x${byte.toString(16).padStart(2, "0")}`;
}

const CLEAN = /^[\x21-\x5b\x5d-\x7e]*$/;

/** A path. */
export function escapeName(name: string): string {
	if (CLEAN.test(name)) return name;
	let text = "";
	for (const byte of nameToBytes(name)) text += String.fromCharCode(...(ESCAPES.texts[byte] as Uint8Array));
	return text;
}

/** A path in a listing, where spaces may stand. */
export function escapeListed(name: string): string {
	return name.split(" ").map(escapeName).join(" ");
}
