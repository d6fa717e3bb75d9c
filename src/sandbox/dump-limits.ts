/** How much a dump from a worker may hold: the tree of it takes many times its bytes, and it is made here. */
import { Slices } from "../slices.ts";
import { junk } from "./fault.ts";

const LINE_FEED = 0x0a;
const SPACE = 0x20;
/** Before the xattrs, in each line. A space in a name is escaped, so these separate fields and nothing else. */
const SPACES_OF_LINE = 10;
const STEP = 1 << 18;
/** The fewest bytes of a line, and of an xattr. */
const LINE_BYTES = 20;
const XATTR_BYTES = 2;

/**
 * Counts names and xattrs of a dump, in slices; of one that is too short for as many, nothing has to be counted.
 *
 * @param limits   those that the worker was given; of an image they count more than its dump has
 * @throws ComposefsError with the rule `protocol`; the reason of `signal`
 */
export async function checkDumpLimits(
	dump: Buffer,
	limits: { readonly inodes: number; readonly xattrs: number },
	signal?: AbortSignal,
): Promise<void> {
	signal?.throwIfAborted();
	if (dump.length <= Math.min(limits.inodes * LINE_BYTES, limits.xattrs * XATTR_BYTES)) return;
	const slices = new Slices(signal);
	let lines = 0;
	let spaces = 0;
	for (let at = 0; at < dump.length; at += STEP) {
		for (const byte of dump.subarray(at, at + STEP))
			if (byte === LINE_FEED) lines++;
			else if (byte === SPACE) spaces++;
		if (lines > limits.inodes || spaces - lines * SPACES_OF_LINE > limits.xattrs + SPACES_OF_LINE)
			throw junk("a tree that is larger than the image may be");
		if (slices.isOver()) await slices.next();
	}
}
