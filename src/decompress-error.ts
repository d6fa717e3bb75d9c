/** What can be wrong with compressed bytes, and the error that says so. */
import { ComposefsError } from "./errors.ts";

export type DecompressionRule =
	/** They end in the middle. */
	| "truncated"
	/** They are damaged, or something else follows them. */
	| "gzip"
	| "zstd"
	/** A zstd frame wants more memory than it may have. */
	| "zstd-window"
	/** More bytes come out than the caller allows. */
	| "output-limit";

export function decompressionError(rule: DecompressionRule, text: string, limit?: number): ComposefsError {
	const message = limit === undefined ? text : `${text}, the limit is ${limit} bytes`;
	return new ComposefsError("ERR_COMPOSEFS_BLOB", `${message} (rule ${rule})`, {
		rule,
		...(limit !== undefined && { limit }),
	});
}
