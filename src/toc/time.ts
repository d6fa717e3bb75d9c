/** Times as tables of contents have them: RFC 3339, to the nanosecond. */
import { timeOf } from "../time.ts";

const ZERO = 0x30;
const DASH = 0x2d;
const COLON = 0x3a;
const DOT = 0x2e;
const LETTER_T = 0x54;
const LETTER_Z = 0x5a;
const PLUS = 0x2b;

/** `2026-11-23T17:57:29` */
const SECONDS_LENGTH = 19;
const MAX_FRACTION = 9;
/** So far that no other two digits make a year of it. */
const NO_DIGITS = -(2 ** 20);
const SECONDS_OF_DAY = 86_400;
/** Of 0001-01-01T00:00:00Z: what Go programs write for a time that is not set. */
const UNSET = -62_135_596_800;

/**
 * Nanoseconds since 1970 of a time in `bytes[start]` to `bytes[end - 1]`, or undefined if it is none. Writers in
 * Go leave a time out or say year 1 if there is none; that is 0 here.
 */
export function parseTime(bytes: Uint8Array, start: number, end: number): bigint | undefined {
	const seconds = secondsOf(bytes, start, end);
	if (seconds === undefined) return undefined;
	let at = start + SECONDS_LENGTH;
	let nanoseconds = 0;
	if (bytes[at] === DOT) {
		const from = ++at;
		let unit = 1e9;
		for (let digit = digitAt(bytes, at); digit >= 0 && at < end; digit = digitAt(bytes, ++at)) {
			unit /= 10;
			nanoseconds += digit * unit;
		}
		if (at === from || at - from > MAX_FRACTION) return undefined;
	}
	const zone = zoneOf(bytes, at, end);
	if (zone === undefined) return undefined;
	const total = seconds - zone;
	return total === UNSET && nanoseconds === 0 ? 0n : timeOf(total, nanoseconds);
}

function secondsOf(bytes: Uint8Array, start: number, end: number): number | undefined {
	if (end - start <= SECONDS_LENGTH) return undefined;
	const year = twoDigits(bytes, start) * 100 + twoDigits(bytes, start + 2);
	const month = twoDigits(bytes, start + 5);
	const day = twoDigits(bytes, start + 8);
	const hour = twoDigits(bytes, start + 11);
	const minute = twoDigits(bytes, start + 14);
	const second = twoDigits(bytes, start + 17);
	const isMarked =
		bytes[start + 4] === DASH &&
		bytes[start + 7] === DASH &&
		bytes[start + 10] === LETTER_T &&
		bytes[start + 13] === COLON &&
		bytes[start + 16] === COLON;
	if (!(isMarked && year >= 0 && month >= 1 && month <= 12 && day >= 1 && day <= daysOf(year, month)))
		return undefined;
	if (hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 59) return undefined;
	return daysSince1970(year, month, day) * SECONDS_OF_DAY + hour * 3600 + minute * 60 + second;
}

/** Seconds east of Greenwich of `Z` or `+02:00`, if that is all there is. */
function zoneOf(bytes: Uint8Array, at: number, end: number): number | undefined {
	const sign = bytes[at];
	if (sign === LETTER_Z) return at + 1 === end ? 0 : undefined;
	if ((sign !== PLUS && sign !== DASH) || at + 6 !== end || bytes[at + 3] !== COLON) return undefined;
	const hours = twoDigits(bytes, at + 1);
	const minutes = twoDigits(bytes, at + 4);
	if (hours < 0 || hours > 23 || minutes < 0 || minutes > 59) return undefined;
	return (sign === PLUS ? 1 : -1) * (hours * 3600 + minutes * 60);
}

/** Far below 0 if they are none. */
function twoDigits(bytes: Uint8Array, at: number): number {
	const tens = (bytes[at] as number) - ZERO;
	const ones = (bytes[at + 1] as number) - ZERO;
	return tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9 ? tens * 10 + ones : NO_DIGITS;
}

function digitAt(bytes: Uint8Array, at: number): number {
	const digit = (bytes[at] as number) - ZERO;
	return digit >= 0 && digit <= 9 ? digit : -1;
}

const DAYS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

function daysOf(year: number, month: number): number {
	if (month !== 2) return DAYS[month - 1] as number;
	return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28;
}

/**
 * In years that begin in March, a day's number follows from its month by one formula. Quotients are cut, not rounded
 * down: of the one year below 0, two errors make up for each other.
 */
function daysSince1970(year: number, month: number, day: number): number {
	const y = month > 2 ? year : year - 1;
	const m = month > 2 ? month - 3 : month + 9;
	const leaps = (y >> 2) - ((y / 100) | 0) + ((y / 400) | 0);
	return y * 365 + leaps + (((153 * m + 2) / 5) | 0) + day - 719_469;
}
