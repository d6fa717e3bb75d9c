/** Times as inodes have them, 64 bits of seconds and 32 of nanoseconds, as one bigint. */
import { fail } from "./fault.ts";

const NSEC_PER_SEC = 1_000_000_000;

// Two words, as 64 bits, without making bigints on the way.
const time = new BigInt64Array(1);
const words = new Uint32Array(time.buffer);

let lastSeconds = 0;
let lastNanoseconds = 0;
let last = 0n;

/**
 * @param seconds       place of the seconds in the view
 * @param nanoseconds   place of the nanoseconds
 * @param base          offset in the image of the view's first byte
 */
export function readTime(view: DataView, seconds: number, nanoseconds: number, base: number): bigint {
	const nsec = view.getUint32(nanoseconds, true);
	if (nsec >= NSEC_PER_SEC) fail("inode-mtime", base + nanoseconds, `a time has ${nsec} nanoseconds`);
	// Nearly all times are from 1970 to 2106, and many are the same.
	if (view.getUint32(seconds + 4, true) !== 0)
		return view.getBigInt64(seconds, true) * BigInt(NSEC_PER_SEC) + BigInt(nsec);
	const sec = view.getUint32(seconds, true);
	if (sec === lastSeconds && nsec === lastNanoseconds) return last;
	lastSeconds = sec;
	lastNanoseconds = nsec;
	last = toBigInt(sec, nsec);
	return last;
}

/** sec * 1e9 + nsec, in halves that a double holds exactly. */
function toBigInt(sec: number, nsec: number): bigint {
	const high = (sec >>> 16) * NSEC_PER_SEC;
	const low = (high % 2 ** 16) * 2 ** 16 + (sec & 0xffff) * NSEC_PER_SEC + nsec;
	words[0] = low % 2 ** 32;
	words[1] = Math.floor(high / 2 ** 16) + Math.floor(low / 2 ** 32);
	return time[0] as bigint;
}
