/** Numbers as archives have them: octal, base-256, decimal. */
import { NANOSECONDS } from "../time.ts";
import { fail } from "./fault.ts";

const SPACE = 0x20;

/** Octal digits between spaces and NULs, or GNU's base-256; NaN if it is neither. An empty field is 0. */
export function parseNumber(block: Buffer, start: number, length: number): number {
	const end = start + length;
	if ((block[start] as number) >= 0x80) return Number(parseBase256(block, start, length));
	let at = start;
	while (at < end && (block[at] === SPACE || block[at] === 0)) at++;
	let value = 0;
	for (; at < end; at++) {
		const digit = (block[at] as number) - 0x30;
		if (digit < 0 || digit > 7) break;
		value = value * 8 + digit;
	}
	// What follows a terminator is nobody's: some writers leave bytes of the last header there.
	return at === end || block[at] === SPACE || block[at] === 0 ? value : Number.NaN;
}

/** A number of seconds as in `parseNumber`, exact; undefined if the field holds none. */
export function parseSeconds(block: Buffer, start: number, length: number): bigint | undefined {
	if ((block[start] as number) >= 0x80) return parseBase256(block, start, length);
	const value = parseNumber(block, start, length);
	return Number.isNaN(value) ? undefined : BigInt(value);
}

/** A number in two's complement, big-endian, whose first bit only says that it is one. */
function parseBase256(block: Buffer, start: number, length: number): bigint {
	const first = block[start] as number;
	// The bit below the mark is the sign.
	let value = BigInt((first & 0x7f) - (first & 0x40 ? 0x80 : 0));
	for (let at = start + 1; at < start + length; at++) value = (value << 8n) | BigInt(block[at] as number);
	return value;
}

/** Digits alone, up to 2^53. */
export function parseDecimal(value: Buffer, key: string, offset: number): number {
	const number = /^\d{1,16}$/.test(value.toString("latin1", 0, 17)) ? Number(value.toString("latin1")) : -1;
	if (number < 0 || number > Number.MAX_SAFE_INTEGER)
		fail("pax-value", offset, `the pax record ${key} is no number from 0 to 2^53`);
	return number;
}

const TIME = /^(-?)(\d{1,19})(?:\.(\d*))?$/;

/** Decimal seconds. More than nine decimals are rounded down, as GNU tar does. */
export function parseTime(value: Buffer, offset: number): bigint {
	const [, sign, seconds, decimals = ""] = TIME.exec(value.toString("latin1", 0, 64)) ?? [];
	if (seconds === undefined || value.length > 64)
		return fail("pax-value", offset, "the pax record mtime is no decimal number of seconds");
	const nanoseconds = BigInt(seconds) * NANOSECONDS + BigInt(decimals.slice(0, 9).padEnd(9, "0"));
	if (sign === "") return nanoseconds;
	return -nanoseconds - (/[1-9]/.test(decimals.slice(9)) ? 1n : 0n);
}
