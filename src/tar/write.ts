/** `writeTar`: a tree as an archive. */
import { argumentError } from "../errors.ts";
import { firstViolation } from "../gate.ts";
import { runInSlices } from "../slices.ts";
import type { Tree } from "../tree.ts";
import { paddedSize } from "./reader.ts";
import { type EntryWithContent, type ObjectReader, withContents } from "./write-content.ts";
import { type TarMarks, treeEntries } from "./write-entries.ts";
import { formatHeaders } from "./write-header.ts";

export interface WriteTarOptions {
	/** Where contents are that are not inline, such as an `ObjectStore`. */
	readonly store?: ObjectReader | undefined;
	/** Default: `oci` */
	readonly marks?: TarMarks | undefined;
	readonly signal?: AbortSignal | undefined;
}

/** What there is to write of one entry, in this order. */
export interface EntryParts extends EntryWithContent {
	/** Whole blocks */
	readonly headers: Buffer;
	/** Zeros behind the content. */
	readonly padding: Buffer;
}

const BLOCKS = Buffer.alloc(1024);
/** Small pieces are gathered to so many bytes. */
const GATHERED = 1 << 16;

/**
 * Writes a tree as an archive: ustar, with pax headers where names, numbers, times or xattrs need them. Equal trees
 * give equal bytes. The root is `./`, hard links are links, everything keeps its bytes. The tree must not change
 * meanwhile; of objects, the size is checked.
 *
 * @throws ComposefsError a rule of the tree that is broken; `ERR_COMPOSEFS_INODE`, rule `socket`; `ERR_COMPOSEFS_NAME`,
 *   rule `whiteout-name`; `ERR_COMPOSEFS_STORE`, rules `object-missing`, `object-size`; what the store throws; the reason
 *   of `signal`
 */
export async function* writeTar(tree: Tree, options: WriteTarOptions = {}): AsyncGenerator<Uint8Array> {
	let gathered: Uint8Array[] = [];
	let size = 0;
	for await (const piece of tarPieces(tree, options)) {
		if (piece.length >= GATHERED && size === 0) {
			yield piece;
			continue;
		}
		gathered.push(piece);
		size += piece.length;
		if (size < GATHERED) continue;
		yield Buffer.concat(gathered, size);
		gathered = [];
		size = 0;
	}
	yield Buffer.concat([...gathered, TAR_END]);
}

/** Two blocks of zeros end an archive. */
export const TAR_END: Buffer = BLOCKS;

async function* tarPieces(tree: Tree, options: WriteTarOptions): AsyncGenerator<Uint8Array> {
	for await (const { headers, content, padding } of tarParts(tree, options)) {
		yield headers;
		yield* content;
		if (padding.length > 0) yield padding;
	}
}

/** The parts of an archive, but for its end. */
export async function* tarParts(tree: Tree, options: WriteTarOptions): AsyncGenerator<EntryParts> {
	const { store, marks = "oci", signal } = options;
	if (marks !== "oci" && marks !== "overlay") {
		const text = `marks is "oci" or "overlay", not ${JSON.stringify(marks)}`;
		throw argumentError(text, { rule: "marks" });
	}
	await runInSlices(firstViolation(tree), signal);
	for await (const { entry, content } of withContents(treeEntries(tree, marks), store, signal)) {
		const headers = formatHeaders(entry);
		const padding = BLOCKS.subarray(0, paddedSize(entry.size) - entry.size);
		yield { entry, headers, content, padding };
	}
}
