/** What can be wrong with an archive, and the error that says so. */
import { ComposefsError } from "../errors.ts";

/** The rules that an archive must keep, by the names that errors carry. */
export type TarRule =
	/** The archive ends within a header, within content, or without its two blocks of zeros. */
	| "truncated"
	/** One block of zeros where two end an archive. */
	| "end"
	/** Something else than zeros after the end. */
	| "trailing"
	/** A header whose sum is not the one it names: damaged, or no header. */
	| "checksum"
	/** A field that is no number. */
	| "number"
	/** Numbers beyond what files can have. */
	| "size"
	| "owner"
	| "mtime"
	| "device"
	/** A type of entry that is no file: a volume that goes on elsewhere, a vendor's own. */
	| "type"
	/** An entry or target without a name, or with a NUL in it. */
	| "name"
	| "link-name"
	/** Headers that extend another one, where there is none, twice, or at odds with each other. */
	| "extension"
	/** Records of pax headers. */
	| "pax-record"
	| "pax-value"
	/** Maps of sparse files: their form, their order, what they say of the size. */
	| "sparse-map"
	| "sparse-version"
	/** The limits of the call. */
	| "pax-size"
	| "name-size"
	| "sparse-segments"
	| "entries";

/** Throws the error of a broken rule. `offset` is where in the archive, in bytes. */
export function fail(
	rule: TarRule,
	offset: number,
	problem: string,
	details: { limit?: number; actual?: number } = {},
): never {
	const message = `offset ${offset}: ${problem} (rule ${rule})`;
	throw new ComposefsError("ERR_COMPOSEFS_TAR", message, { rule, offset, ...details });
}
