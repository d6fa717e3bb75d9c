/** Base64 in its one form (RFC 4648, section 4): padded, no other characters, no bits that mean nothing. */
import type { Bytes } from "./json.ts";

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const PAD = 0x3d;
const NONE = 64;
const VALUES = new Uint8Array(256).fill(NONE);
for (let value = 0; value < NONE; value++) VALUES[ALPHABET.charCodeAt(value)] = value;

/** Bytes of a text that is base64, or undefined if it is not. */
export function decodeBase64(bytes: Bytes, start: number, end: number): Uint8Array | undefined {
	if ((end - start) % 4 !== 0) return undefined;
	let stop = end;
	while (stop > start && end - stop < 2 && bytes[stop - 1] === PAD) stop--;
	const decoded = new Uint8Array(((end - start) / 4) * 3 - (end - stop));
	// Six bits at a time, of which the lowest `held` are still to be written.
	let bits = 0;
	let held = 0;
	let to = 0;
	for (let at = start; at < stop; at++) {
		const value = VALUES[bytes[at] as number] as number;
		if (value === NONE) return undefined;
		bits = (bits << 6) | value;
		held += 6;
		if (held < 8) continue;
		held -= 8;
		decoded[to++] = bits >> held;
	}
	// A pad leaves bits that mean nothing: they have to be 0.
	return (bits & ((1 << held) - 1)) === 0 ? decoded : undefined;
}
