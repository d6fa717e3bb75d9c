/** Stable names of what can go wrong here; system errors carry the system's own (`ENOSPC`, `ENOENT` …). */
export type ComposefsErrorCode =
	/** An argument or option of a call is not what the call takes. */
	| "ERR_COMPOSEFS_ARGUMENT"
	/** A name in a tree: empty, `.`, with a slash, too long … */
	| "ERR_COMPOSEFS_NAME"
	/** The shape of a tree: cycles, directories with two names, depth, hard-linked whiteouts. */
	| "ERR_COMPOSEFS_TREE"
	/** A field of an inode: mode, owner, time, size, content, target, device number. */
	| "ERR_COMPOSEFS_INODE"
	/** An extended attribute: its name, its value, or their sum. */
	| "ERR_COMPOSEFS_XATTR"
	/** Text that is not composefs-dump(5). Carries `line` and, where one field is at fault, `field`. */
	| "ERR_COMPOSEFS_DUMP"
	/** An image that breaks a rule of its format. Carries `rule` and `offset`. */
	| "ERR_COMPOSEFS_IMAGE"
	/** A tar archive that breaks a rule of its format. Carries `rule` and `offset`. */
	| "ERR_COMPOSEFS_TAR"
	/** A table of contents (zstd:chunked, eStargz) that breaks a rule. Carries `rule`, and `offset` in its text. */
	| "ERR_COMPOSEFS_TOC"
	/** Bytes from outside are more, or fewer, than they may be, or cannot be decompressed. */
	| "ERR_COMPOSEFS_BLOB"
	/** A text that names no image in a registry. */
	| "ERR_COMPOSEFS_REFERENCE"
	/** A registry, its token server or a credential helper failed. Carries `rule` and, where there was one, `status`. */
	| "ERR_COMPOSEFS_REGISTRY"
	/** A manifest that cannot be sealed, or seals that do not fit each other. Carries `rule`. */
	| "ERR_COMPOSEFS_SEAL"
	/** An image or object is not the one it should be. Carries `expected` and `actual`. */
	| "ERR_COMPOSEFS_DIGEST"
	/** Something cannot be mounted, or unmounted, as it is asked for. Carries `rule`. */
	| "ERR_COMPOSEFS_MOUNT"
	/** An OCI image or layer breaks a rule of its format. Carries `rule`; `path` where an entry is at fault. */
	| "ERR_COMPOSEFS_OCI"
	/** A file is not the one that was found, or changed while it was read. `rule` is `changed`. */
	| "ERR_COMPOSEFS_CHANGED"
	/** A store, or an object in it, is not as it must be. Carries `rule` and `path`. */
	| "ERR_COMPOSEFS_STORE"
	/** fs-verity is asked for where it cannot be had, or measures another digest. */
	| "ERR_COMPOSEFS_VERITY"
	/** The addon refused the records of a tree: the tree was changed while it was written. */
	| "ERR_COMPOSEFS_RECORDS"
	/** A sandbox's worker did not do its work: `rule` is crash, timeout, memory, output, protocol, busy or closed. */
	| "ERR_COMPOSEFS_SANDBOX"
	/** This platform or installation has no addon, or its kernel does not enforce what a sandbox needs. */
	| "ERR_COMPOSEFS_UNSUPPORTED";

export interface ComposefsErrorDetails {
	/** Short, stable name of the rule that was broken, such as `name-length`. */
	readonly rule?: string;
	/** Where: a path in the tree, or the file of a system call. */
	readonly path?: string;
	/** The most that is allowed, where the rule is a limit; in the unit that the message names. */
	readonly limit?: number;
	/** What was found: in the unit of `limit`, or the digest where another was `expected`. */
	readonly actual?: number | string;
	/** The digest that was asked for. */
	readonly expected?: string;
	/** Place in an image, an archive or the text of a table of contents, in bytes from its beginning. */
	readonly offset?: number;
	/** Line of a text, from 1. */
	readonly line?: number;
	/** Field of that line, by the name that the format's manual uses. */
	readonly field?: string;
	/** The status of an HTTP answer. */
	readonly status?: number;
	/** The system call that failed. */
	readonly syscall?: string;
	/** Its error number, negative, as in node:fs. */
	readonly errno?: number;
	readonly cause?: unknown;
}

/** The one class of errors that this package makes. Compare `code` and `rule`, not the text. */
export class ComposefsError extends Error implements ComposefsErrorDetails {
	override readonly name = "ComposefsError";
	readonly code: ComposefsErrorCode | (string & {});
	declare readonly rule?: string;
	declare readonly path?: string;
	declare readonly limit?: number;
	declare readonly actual?: number | string;
	declare readonly expected?: string;
	declare readonly offset?: number;
	declare readonly line?: number;
	declare readonly field?: string;
	declare readonly status?: number;
	declare readonly syscall?: string;
	declare readonly errno?: number;

	constructor(code: ComposefsError["code"], message: string, details: ComposefsErrorDetails = {}) {
		const { cause, ...fields } = details;
		super(message, cause === undefined ? undefined : { cause });
		this.code = code;
		Object.assign(this, fields);
	}
}

/** The same error, with more to read in front of its message, and more details. */
export function withPrefix(
	prefix: string,
	error: ComposefsError,
	details: ComposefsErrorDetails = {},
): ComposefsError {
	const { name: _, code, ...own } = error;
	return new ComposefsError(code, `${prefix}: ${error.message}`, { ...own, ...details, cause: error });
}

/** The same error, with the file that is at fault: unless it names one already, or the call is at fault. */
export function inFile(error: unknown, file: string | undefined): unknown {
	if (!(error instanceof ComposefsError) || error.path !== undefined || file === undefined) return error;
	return error.code === "ERR_COMPOSEFS_ARGUMENT" ? error : withPrefix(file, error, { path: file });
}

/** An argument or option of a call is not what the call takes. */
export function argumentError(message: string, details?: ComposefsErrorDetails): ComposefsError {
	return new ComposefsError("ERR_COMPOSEFS_ARGUMENT", message, details);
}
