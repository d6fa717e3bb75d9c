/** Base64 in its one form (RFC 4648, section 4): padded, no other characters, no bits that mean nothing. */
import type { Bytes } from "./json.ts";

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const PAD = 0x3d;
const NONE = 64;
const VALUES = new Uint8Array(256).fill(NONE);
for (let value = 0; value < NONE; value++) VALUES[ALPHABET.charCodeAt(value)] = value;

/** Bytes of a text that are base64, or undefined if they are not. */
export function decodeBase64(bytes: Bytes, start: number, end: number): Uint8Array | undefined {
	if ((end - start) % 4 !== 0) return undefined;
	let stop = end;
	while (stop > start && end - stop < 2 && bytes[stop - 1] === PAD) stop--;
	let last = 0;
	for (let at = start; at < stop; at++) {
		last = VALUES[bytes[at] as number] as number;
		if (last === NONE) return undefined;
	}
	// One pad leaves two bits that mean nothing, two pads leave four.
	if ((last & ((1 << ((end - stop) * 2)) - 1)) !== 0) return undefined;
	return Uint8Array.from(Buffer.from(bytes.latin1Slice(start, stop), "base64"));
}
