/** Times as inodes have them: seconds and nanoseconds as one bigint. */

const NSEC_PER_SEC = 1_000_000_000;

// Two words, as 64 bits, without making bigints on the way.
const time = new BigInt64Array(1);
const words = new Uint32Array(time.buffer);

let lastSeconds = 0;
let lastNanoseconds = 0;
let last = 0n;

/**
 * @param seconds      since 1970, a safe integer
 * @param nanoseconds  0 to 999,999,999
 */
export function toNanoseconds(seconds: number, nanoseconds: number): bigint {
	// Nearly all times are from 1970 to 2106, and many are the same.
	if (seconds < 0 || seconds >= 2 ** 32) return BigInt(seconds) * BigInt(NSEC_PER_SEC) + BigInt(nanoseconds);
	if (seconds === lastSeconds && nanoseconds === lastNanoseconds) return last;
	lastSeconds = seconds;
	lastNanoseconds = nanoseconds;
	last = ofWords(seconds, nanoseconds);
	return last;
}

/** sec * 1e9 + nsec, in halves that a double holds exactly. */
function ofWords(sec: number, nsec: number): bigint {
	const high = (sec >>> 16) * NSEC_PER_SEC;
	const low = (high % 2 ** 16) * 2 ** 16 + (sec & 0xffff) * NSEC_PER_SEC + nsec;
	words[0] = low % 2 ** 32;
	words[1] = Math.floor(high / 2 ** 16) + Math.floor(low / 2 ** 32);
	return time[0] as bigint;
}
