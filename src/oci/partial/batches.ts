/** Missing contents of a layer, in as few requests as is sensible. */
import type { ByteRange } from "../../blob.ts";
import { joinRanges, lengthOf } from "./ranges.ts";
import type { WantedContent } from "./wanted.ts";

/** What one request is to bring. */
export interface Batch {
	/** In the order of the blob. */
	readonly contents: readonly WantedContent[];
	readonly ranges: readonly ByteRange[];
}

/** Then others can begin: several requests are under way at once. */
const BATCH_BYTES = 1 << 23;
/** Servers take no more in one header. */
const BATCH_RANGES = 200;

/**
 * A content is in one batch, however large it is.
 *
 * @param isOne   all are in one, of a blob of which each request brings all
 */
export function* batchesOf(missing: Iterable<WantedContent>, isOne = false): Generator<Batch> {
	let contents: WantedContent[] = [];
	let ranges: ByteRange[] = [];
	for (const content of missing) {
		const own = content.chunks.flatMap(({ range }) => range ?? []);
		const joined = joinRanges([...ranges.slice(-1), ...own]);
		const count = Math.max(0, ranges.length - 1) + joined.length;
		const isFull = count > BATCH_RANGES || lengthOf(ranges) + lengthOf(own) > BATCH_BYTES;
		if (isFull && contents.length > 0 && !isOne) {
			yield { contents, ranges };
			contents = [];
			ranges = joinRanges(own);
		} else {
			ranges.pop();
			for (const range of joined) ranges.push(range);
		}
		contents.push(content);
	}
	if (contents.length > 0) yield { contents, ranges };
}
