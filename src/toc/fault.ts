/** What can be wrong with a table of contents, and the error that says so. */
import { ComposefsError, type ComposefsErrorDetails } from "../errors.ts";

/** The rules that a table of contents must keep, by the names that errors carry. */
export type TocRule =
	/** Annotations of a layer: two formats at once, a digest or position that is none. */
	| "annotation"
	/** The end of a blob: no footer where an annotation promises one, or one that contradicts it. */
	| "footer"
	/** The table is in another blob (eStargz), which is not supported. */
	| "external"
	/** The blob is shorter than what is said to be in it. */
	| "bounds"
	/** Compressed data that cannot be decompressed, or to another size than is said. */
	| "compression"
	/** The archive's member that holds an eStargz table. */
	| "member"
	/** The text: UTF-8, JSON, one object of one entry list, keys once and in their one spelling. */
	| "utf8"
	| "json"
	| "json-end"
	| "json-depth"
	| "key"
	| "key-duplicate"
	| "version"
	/** Fields of an entry. */
	| "type"
	| "name"
	| "name-lossy"
	| "link"
	| "integer"
	| "mode"
	| "time"
	| "digest"
	| "base64"
	| "xattr"
	| "payload"
	| "content"
	/** Entries among others. */
	| "path-duplicate"
	| "parent"
	| "hard-link"
	/** Where files are: chunks, ranges of the blob. */
	| "chunk"
	| "range"
	| "inner-offset"
	/** The tar-split: its text, and whether it tells of the same entries. */
	| "tar-split"
	| "tar-split-mismatch"
	/** The limits of the call. */
	| "compressed-size"
	| "size"
	| "entry-size"
	| "entries"
	| "chunks"
	| "zeros";

/** A failure in a document: `offset` is where in its text, in bytes. */
export function fail(
	rule: TocRule,
	offset: number,
	problem: string,
	details: Pick<ComposefsErrorDetails, "limit" | "actual" | "path"> = {},
): never {
	throw tocError(rule, offset, problem, details);
}

export function tocError(
	rule: TocRule,
	offset: number,
	problem: string,
	details: Pick<ComposefsErrorDetails, "limit" | "actual" | "path"> = {},
): ComposefsError {
	const message = `offset ${offset}: ${problem} (rule ${rule})`;
	return new ComposefsError("ERR_COMPOSEFS_TOC", message, { rule, offset, ...details });
}

/** A failure around a document: in the blob that should hold it, or in its annotations. */
export function refuse(
	rule: TocRule,
	problem: string,
	details: Pick<ComposefsErrorDetails, "limit" | "actual" | "path" | "offset" | "cause"> = {},
): never {
	throw new ComposefsError("ERR_COMPOSEFS_TOC", `${problem} (rule ${rule})`, { rule, ...details });
}
