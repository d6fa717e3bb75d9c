/**
 * Escapes of composefs-dump(5): `\\`, `\n`, `\r`, `\t` and `\xHH`. What is written is what composefs-info
 * writes: every byte that is not a visible ASCII character is escaped.
 */
import { bytesToName, nameToBytes } from "../names.ts";

const BACKSLASH = 0x5c;
const EQUALS = 0x3d;
const NAMED: ReadonlyMap<number, number> = new Map([
	[BACKSLASH, BACKSLASH],
	[0x6e, 0x0a], // n
	[0x72, 0x0d], // r
	[0x74, 0x09], // t
]);

/** What is wrong with an escape; the caller knows the line and the field. */
export class EscapeError extends Error {}

/** The bytes that a piece of a line stands for. */
export function unescapeBytes(line: Uint8Array, start: number, end: number): Uint8Array {
	const bytes = new Uint8Array(end - start);
	let length = 0;
	for (let at = start; at < end; at++) {
		const byte = line[at] as number;
		if (byte !== BACKSLASH) {
			bytes[length++] = byte;
			continue;
		}
		const kind = line[++at] ?? 0;
		const named = at < end ? NAMED.get(kind) : undefined;
		if (named !== undefined) {
			bytes[length++] = named;
			continue;
		}
		bytes[length++] = hexEscape(line, at, end);
		at += 2;
	}
	return bytes.subarray(0, length);
}

export function unescapeName(line: Uint8Array, start: number, end: number): string {
	return bytesToName(unescapeBytes(line, start, end));
}

function hexEscape(line: Uint8Array, at: number, end: number): number {
	const text = Buffer.from(line.subarray(at - 1, Math.min(at + 3, end))).toString("latin1");
	const digits = /^\\x([0-9a-fA-F]{2})$/.exec(text)?.[1];
	if (digits === undefined) throw new EscapeError(`unknown escape ${JSON.stringify(text.slice(0, 4))}`);
	return Number.parseInt(digits, 16);
}

const CLEAN = /^[\x21-\x5b\x5d-\x7e]*$/;
const CLEAN_XATTR = /^[\x21-\x3c\x3e-\x5b\x5d-\x7e]*$/;

/** A path. */
export function escapeName(name: string): string {
	return CLEAN.test(name) ? name : escapeBytes(nameToBytes(name), false);
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
