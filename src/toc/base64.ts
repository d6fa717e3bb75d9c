/** Base64 in its one form (RFC 4648, section 4): padded, no other characters, no bits that mean nothing. */
import { newBytes } from "../byte-pool.ts";

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const PAD = 0x3d;
/** What is no digit is below 0, and so is all that it is part of. */
const DIGITS = new Int8Array(256).fill(-1);
for (let digit = 0; digit < ALPHABET.length; digit++) DIGITS[ALPHABET.charCodeAt(digit)] = digit;

/** Bytes of a text that is base64, or undefined if it is not. */
export function decodeBase64(bytes: Uint8Array, start: number, end: number): Uint8Array | undefined {
	if ((end - start) % 4 !== 0) return undefined;
	let stop = end;
	while (stop > start && end - stop < 2 && bytes[stop - 1] === PAD) stop--;
	const decoded = newBytes(((end - start) / 4) * 3 - (end - stop));
	let to = 0;
	let at = start;
	for (; at + 4 <= stop; at += 4) {
		const bits = twoDigits(bytes, at, 12) | twoDigits(bytes, at + 2, 0);
		if (bits < 0) return undefined;
		decoded[to++] = bits >> 16;
		decoded[to++] = bits >> 8;
		decoded[to++] = bits;
	}
	if (at === stop) return decoded;
	// A pad leaves bits that mean nothing: they have to be 0.
	const hasThird = stop - at === 3;
	const bits = twoDigits(bytes, at, 12) | (hasThird ? digitAt(bytes, at + 2) << 6 : 0);
	if (bits < 0 || (bits & (hasThird ? 0xff : 0xffff)) !== 0) return undefined;
	decoded[to++] = bits >> 16;
	if (hasThird) decoded[to] = bits >> 8;
	return decoded;
}

function twoDigits(bytes: Uint8Array, at: number, shift: number): number {
	return ((digitAt(bytes, at) << 6) | digitAt(bytes, at + 1)) << shift;
}

function digitAt(bytes: Uint8Array, at: number): number {
	return DIGITS[bytes[at] as number] as number;
}
