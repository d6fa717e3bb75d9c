/** Errors of the parsers, which know a place in a source but not its name. */
import { ComposefsError, withPrefix } from "../../errors.ts";
import type { Tree } from "../../tree.ts";
import type { SourceKind } from "./kind.ts";

/** What can be wrong with a source; errors of other codes are about the store, or the system. */
const OF_SOURCE = new Set(
	["DUMP", "TAR", "TOC", "BLOB", "OCI", "NAME", "TREE", "INODE", "XATTR"].map(
		(name) => `ERR_COMPOSEFS_${name}`,
	),
);

/**
 * Names the source in an error of reading it.
 *
 * @param recognised   nobody said what kind it is: the error may be that it was taken for another
 */
export async function parsing(
	source: string,
	kind: SourceKind,
	recognised: boolean,
	reading: Promise<Tree>,
): Promise<Tree> {
	return reading.catch((error) => {
		if (!kind.isParsed || source === "-") throw error;
		if (!(error instanceof ComposefsError && OF_SOURCE.has(error.code))) throw error;
		throw withPrefix(recognised ? `${source}: taken for a ${kind.name}` : source, error);
	});
}
