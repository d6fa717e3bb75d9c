/**
 * Names are bytes in Linux and strings in JavaScript.
 *
 * A name that is valid UTF-8 is that string. Each byte that is not part of valid UTF-8 becomes one lone
 * surrogate, U+DC80 to U+DCFF, and goes back to that byte, as with Python's `surrogateescape`. The mapping is
 * one to one, nothing becomes U+FFFD, and nothing is normalised; so ordinary strings can be keys of maps.
 * The same holds for symlink targets, object paths and names of extended attributes.
 */
import { isUtf8 } from "node:buffer";
import { types } from "node:util";
import { argumentError, ComposefsError } from "./errors.ts";

/** A name or path, as a string in the mapping above or as the bytes themselves. */
export type Name = string | Uint8Array;

const SLASH = 0x2f;
const ESCAPE_BASE = 0xdc00;
const FIRST_ESCAPE = 0xdc80;
const LAST_ESCAPE = 0xdcff;
/** Of the bytes from 0x80 on. */
const ESCAPES = Array.from({ length: 128 }, (_, n) => String.fromCharCode(FIRST_ESCAPE + n));
/** The most that a code unit takes in UTF-8. */
export const UNIT_BYTES = 3;

/** Where the name in a path ends that begins at `start`: at a slash, or at `end`. */
export function nextSlash(bytes: Uint8Array, start: number, end: number): number {
	let at = start;
	while (at < end && bytes[at] !== SLASH) at++;
	return at;
}

export function bytesToName(bytes: Uint8Array): string {
	if (isUtf8(bytes)) return decodeUtf8(bytes, 0, bytes.length);
	const pieces: string[] = [];
	let start = 0;
	for (let at = 0; at < bytes.length; ) {
		const length = utf8SequenceLength(bytes, at);
		if (length > 0) {
			at += length;
			continue;
		}
		if (at > start) pieces.push(decodeUtf8(bytes, start, at));
		pieces.push(ESCAPES[(bytes[at] as number) - 0x80] as string);
		start = ++at;
	}
	pieces.push(decodeUtf8(bytes, start, bytes.length));
	return pieces.join("");
}

/** @throws ComposefsError `ERR_COMPOSEFS_NAME`, if the string is no image of any bytes. */
export function nameToBytes(name: string): Uint8Array {
	if (name.isWellFormed()) return Buffer.from(name, "utf8");
	const bytes = Buffer.allocUnsafe(name.length * UNIT_BYTES);
	let length = 0;
	let start = 0;
	for (let at = 0; at < name.length; ) {
		const point = name.codePointAt(at) as number;
		if (point < 0xd800 || point > 0xdfff) {
			at += point > 0xffff ? 2 : 1;
			continue;
		}
		if (point < FIRST_ESCAPE || point > LAST_ESCAPE)
			throw nameError("name-surrogate", name, "has a lone surrogate that stands for no byte");
		if (at > start) length += bytes.write(name.slice(start, at), length, "utf8");
		bytes[length++] = point - ESCAPE_BASE;
		start = ++at;
	}
	length += bytes.write(name.slice(start), length, "utf8");
	const used = bytes.subarray(0, length);
	// Two strings for the same bytes would be two names for one directory entry.
	if (bytesToName(used) !== name)
		throw nameError("name-surrogate", name, "has escaped bytes that are valid UTF-8 together");
	return used;
}

/** How many bytes a name has. */
export function byteLength(name: string): number {
	// Nearly all are short and plain, of which a loop is quicker than a call.
	for (let at = 0; at < name.length; at++) if (name.charCodeAt(at) > 0x7f) return nameToBytes(name).length;
	return name.length;
}

/** A name in either form, as the string. */
export function toName(name: Name): string {
	if (typeof name === "string") return name;
	if (types.isUint8Array(name)) return bytesToName(name);
	throw argumentError(`${String(name)} is no name: neither text nor bytes`);
}

/** Orders names by their bytes, as directories of an image are ordered. */
export function compareNames(a: string, b: string): number {
	if (a === b) return 0;
	if (isOrderedByUnits(a) && isOrderedByUnits(b)) return a < b ? -1 : 1;
	return Buffer.compare(nameToBytes(a), nameToBytes(b));
}

/** Sorts names by their bytes, in place. */
export function sortNames(names: string[]): string[] {
	if (!names.every(isOrderedByUnits)) return sortByBytes(names);
	return isSorted(names) ? names : names.sort();
}

function sortByBytes(names: string[]): string[] {
	const pairs = names.map((name) => ({ name, bytes: nameToBytes(name) }));
	pairs.sort((a, b) => Buffer.compare(a.bytes, b.bytes));
	for (const [at, { name }] of pairs.entries()) names[at] = name;
	return names;
}

/** Those of an image or of a dump are. */
function isSorted(names: readonly string[]): boolean {
	for (let i = 1; i < names.length; i++) if ((names[i - 1] as string) > (names[i] as string)) return false;
	return true;
}

/** Whether code units are in the order of the bytes: those below U+D800 are. */
export function isOrderedByUnits(name: string): boolean {
	return !BEYOND_SURROGATES.test(name);
}

const BEYOND_SURROGATES = /[\ud800-\uffff]/;

function nameError(rule: string, name: string, problem: string): ComposefsError {
	return new ComposefsError("ERR_COMPOSEFS_NAME", `${JSON.stringify(name)} ${problem}`, { rule });
}

function decodeUtf8(bytes: Uint8Array, start: number, end: number): string {
	return Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString("utf8");
}

/** Length of the valid UTF-8 sequence at a position (RFC 3629, section 4), or 0. */
function utf8SequenceLength(bytes: Uint8Array, at: number): number {
	const lead = bytes[at] as number;
	if (lead < 0x80) return 1;
	const length = lead < 0xc2 ? 0 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : lead < 0xf5 ? 4 : 0;
	if (length === 0 || at + length > bytes.length) return 0;
	// Of the second byte some are left out: what is shorter otherwise, surrogates, and what is beyond Unicode.
	const second = bytes[at + 1] as number;
	const least = lead === 0xe0 ? 0xa0 : lead === 0xf0 ? 0x90 : 0x80;
	const most = lead === 0xed ? 0x9f : lead === 0xf4 ? 0x8f : 0xbf;
	if (second < least || second > most) return 0;
	for (let next = at + 2; next < at + length; next++) if (((bytes[next] as number) & 0xc0) !== 0x80) return 0;
	return length;
}
