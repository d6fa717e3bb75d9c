/** Times as images have them: 64 bits of seconds and 32 of nanoseconds. */
import { toNanoseconds } from "../time.ts";
import { fail } from "./fault.ts";

const NSEC_PER_SEC = 1_000_000_000;

/**
 * @param seconds       place of the seconds in the view
 * @param nanoseconds   place of the nanoseconds
 * @param base          offset in the image of the view's first byte
 */
export function readTime(view: DataView, seconds: number, nanoseconds: number, base: number): bigint {
	const nsec = view.getUint32(nanoseconds, true);
	if (nsec >= NSEC_PER_SEC) fail("inode-mtime", base + nanoseconds, `a time has ${nsec} nanoseconds`);
	if (view.getUint32(seconds + 4, true) !== 0)
		return view.getBigInt64(seconds, true) * BigInt(NSEC_PER_SEC) + BigInt(nsec);
	return toNanoseconds(view.getUint32(seconds, true), nsec);
}
