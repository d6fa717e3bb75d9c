/**
 * xxh32, of which EROFS takes five bits for its filters of xattr names. After the specification at
 * https://github.com/Cyan4973/xxHash/blob/dev/doc/xxhash_spec.md.
 */
const PRIME_1 = 0x9e3779b1;
const PRIME_2 = 0x85ebca77;
const PRIME_3 = 0xc2b2ae3d;
const PRIME_4 = 0x27d4eb2f;
const PRIME_5 = 0x165667b1;
const STRIPE = 16;

export function xxh32(bytes: Uint8Array, seed: number): number {
	const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
	const length = bytes.length;
	let at = 0;
	let hash = seed + PRIME_5;
	if (length >= STRIPE) {
		const lanes = [seed + PRIME_1 + PRIME_2, seed + PRIME_2, seed, seed - PRIME_1];
		for (; at + STRIPE <= length; at += STRIPE)
			for (let lane = 0; lane < 4; lane++) {
				const mixed = (lanes[lane] as number) + Math.imul(view.getUint32(at + lane * 4, true), PRIME_2);
				lanes[lane] = Math.imul(rotate(mixed, 13), PRIME_1);
			}
		hash = lanes.reduce((sum, lane, index) => sum + rotate(lane, [1, 7, 12, 18][index] as number), 0);
	}
	hash = (hash + length) | 0;
	for (; at + 4 <= length; at += 4)
		hash = Math.imul(rotate(hash + Math.imul(view.getUint32(at, true), PRIME_3), 17), PRIME_4);
	for (; at < length; at++)
		hash = Math.imul(rotate(hash + Math.imul(bytes[at] as number, PRIME_5), 11), PRIME_1);
	hash = Math.imul(hash ^ (hash >>> 15), PRIME_2);
	hash = Math.imul(hash ^ (hash >>> 13), PRIME_3);
	return (hash ^ (hash >>> 16)) >>> 0;
}

function rotate(value: number, bits: number): number {
	return (value << bits) | (value >>> (32 - bits));
}
