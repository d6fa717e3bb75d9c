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
	// What is no number fails each of these comparisons.
	if (!(isMarked && year >= 0 && month >= 1 && month <= 12 && day >= 1 && day <= daysOf(year, month)))
		return undefined;
	if (!(hour <= 23 && minute <= 59 && second <= 59)) return undefined;
	return daysSince1970(year, month, day) * SECONDS_OF_DAY + hour * 3600 + minute * 60 + second;
}

/** Seconds east of Greenwich of `Z` or `+02:00`, if that is all there is. */
function zoneOf(bytes: Uint8Array, at: number, end: number): number | undefined {
	const sign = bytes[at];
	if (sign === LETTER_Z) return at + 1 === end ? 0 : undefined;
	if ((sign !== PLUS && sign !== DASH) || at + 6 !== end || bytes[at + 3] !== COLON) return undefined;
	const hours = twoDigits(bytes, at + 1);
	const minutes = twoDigits(bytes, at + 4);
	if (!(hours <= 23 && minutes <= 59)) return undefined;
	return (sign === PLUS ? 1 : -1) * (hours * 3600 + minutes * 60);
}

/** NaN if they are none. */
function twoDigits(bytes: Uint8Array, at: number): number {
	const tens = digitAt(bytes, at);
	const ones = digitAt(bytes, at + 1);
	return tens < 0 || ones < 0 ? Number.NaN : tens * 10 + ones;
}

function digitAt(bytes: Uint8Array, at: number): number {
	const digit = (bytes[at] as number) - ZERO;
	return digit >= 0 && digit <= 9 ? digit : -1;
}

const DAYS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

function daysOf(year: number, month: number): number {
	const isLeap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
	return month === 2 && isLeap ? 29 : (DAYS[month - 1] as number);
}

/** In years that begin in March, a day's number follows from its month by one formula. */
function daysSince1970(year: number, month: number, day: number): number {
	const y = month > 2 ? year : year - 1;
	const m = month > 2 ? month - 3 : month + 9;
	const leaps = Math.floor(y / 4) - Math.floor(y / 100) + Math.floor(y / 400);
	return y * 365 + leaps + Math.floor((153 * m + 2) / 5) + day - 719_469;
}
