/** Times as inodes have them: nanoseconds since 1970, as one bigint. */

const NSEC_PER_SEC = 1_000_000_000;
export const NANOSECONDS = 1_000_000_000n;

// Two words, as 64 bits, without making bigints on the way.
const time = new BigInt64Array(1);
const words = new Uint32Array(time.buffer);

let lastSeconds = 0;
let lastNanoseconds = 0;
let last = 0n;

/**
 * A time of which there are many: nearly all are from 1970 to 2106, and many are the same, so that they can be one
 * bigint.
 *
 * @param seconds       an integer that a number holds exactly
 * @param nanoseconds   0 to 999,999,999, to be added
 */
export function timeOf(seconds: number, nanoseconds: number): bigint {
	if (seconds === lastSeconds && nanoseconds === lastNanoseconds) return last;
	lastSeconds = seconds;
	lastNanoseconds = nanoseconds;
	last =
		seconds >= 0 && seconds < 2 ** 32
			? toBigInt(seconds, nanoseconds)
			: BigInt(seconds) * NANOSECONDS + BigInt(nanoseconds);
	return last;
}

/** sec * 1e9 + nsec, in two words: the lower one is exact in 32 bits, and the rest a multiple of 2^32 that a double tells. */
function toBigInt(sec: number, nsec: number): bigint {
	const low = (Math.imul(sec, NSEC_PER_SEC) + nsec) >>> 0;
	words[0] = low;
	words[1] = Math.round((sec * NSEC_PER_SEC + nsec - low) / 2 ** 32);
	return time[0] as bigint;
}

/** Seconds rounded down, and the nanoseconds to be added to them. */
export interface Time {
	/** A bigint where a number would lose digits. */
	seconds: number | bigint;
	nanoseconds: number;
}

/** Takes a time of nanoseconds apart, into an object of the caller's. */
export function splitTime(mtimeNs: bigint, into: Time): Time {
	time[0] = mtimeNs;
	if (time[0] !== mtimeNs) return splitFarTime(mtimeNs, into);
	// Off by one at most; what is left is then from -1e9 to 2e9, which 32 bits tell.
	const high = words[1] as number;
	let seconds = Math.floor(((high | 0) * 2 ** 32 + (words[0] as number)) / NSEC_PER_SEC);
	let nanoseconds = ((words[0] as number) - Math.imul(seconds, NSEC_PER_SEC)) | 0;
	if (nanoseconds < 0) {
		seconds--;
		nanoseconds += NSEC_PER_SEC;
	} else if (nanoseconds >= NSEC_PER_SEC) {
		seconds++;
		nanoseconds -= NSEC_PER_SEC;
	}
	into.seconds = seconds;
	into.nanoseconds = nanoseconds;
	return into;
}

/** Of a time that 64 bits do not hold. */
function splitFarTime(mtimeNs: bigint, into: Time): Time {
	const seconds = mtimeNs / NANOSECONDS;
	const nanoseconds = Number(mtimeNs - seconds * NANOSECONDS);
	into.seconds = nanoseconds < 0 ? seconds - 1n : seconds;
	into.nanoseconds = nanoseconds < 0 ? nanoseconds + NSEC_PER_SEC : nanoseconds;
	return into;
}

/** Decimals of a second, with their point, as many as it takes: none for 0. */
export function formatDecimals(nanoseconds: bigint | number): string {
	const digits = `${nanoseconds}`.padStart(9, "0").replace(/0+$/, "");
	return digits === "" ? "" : `.${digits}`;
}

/** Seconds with all their decimals: a number would lose the last ones, and two times would look the same. */
export function formatSeconds(mtimeNs: bigint): string {
	const size = mtimeNs < 0n ? -mtimeNs : mtimeNs;
	return `${mtimeNs < 0n ? "-" : ""}${size / NANOSECONDS}${formatDecimals(size % NANOSECONDS)}`;
}
