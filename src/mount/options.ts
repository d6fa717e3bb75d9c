/** What a mount is asked for, checked, with every path absolute. */
import { checkDigest } from "../digest.ts";
import { argumentError } from "../errors.ts";
import { absolute, type FilePath, type OpenFile } from "../file-path.ts";
import { type OptionNames, refuseUnknown } from "../known-options.ts";

/**
 * Whether overlayfs compares the fs-verity digest of each object with the one in the image when it is opened:
 * `require` (a file whose object has another digest, or none, gives EIO), `try` (as `require` where the kernel's
 * overlayfs knows how, which it does from Linux 6.6 on; it does not look at the objects first), `off`.
 */
export type VerityMode = "require" | "try" | "off";

export interface MountOptions {
	/**
	 * The folders of object stores that files are looked up in, in this order. None, `[]`, mounts the image alone,
	 * as EROFS: its files that are objects then read as zeros.
	 */
	readonly objects: readonly FilePath[];
	/** Default: `require` with a `digest`, else `off`. */
	readonly verity?: VerityMode | undefined;
	/**
	 * The fs-verity digest that the kernel must know the image by: 64 hexadecimal digits, in either case, with or
	 * without `sha256:` in front. The image then has fs-verity enabled, and so have all objects.
	 */
	readonly digest?: string | undefined;
	/** Where changes go; together with `workdir`, an empty folder on the same file system. */
	readonly upperdir?: FilePath | undefined;
	readonly workdir?: FilePath | undefined;
	/** Refuse changes even with an `upperdir`; without one there can be none. Default: false */
	readonly readOnly?: boolean | undefined;
	/** A user namespace, such as `/proc/1234/ns/user` or that file open: owners are shown as it maps them. */
	readonly idmap?: FilePath | OpenFile | undefined;
	/**
	 * A folder that the image may be mounted in while overlayfs is set up; it is left as it was. By default it is a
	 * folder made in the system's temporary one for the purpose.
	 */
	readonly imageMount?: FilePath | undefined;
	readonly signal?: AbortSignal | undefined;
}

/** The options in one form. Paths are absolute, as bytes. */
export interface MountRequest {
	readonly objects: readonly Uint8Array[];
	readonly verity: VerityMode;
	/** 64 lower-case digits */
	readonly digest: string | undefined;
	readonly upperdir: Uint8Array | undefined;
	readonly workdir: Uint8Array | undefined;
	readonly readOnly: boolean;
	readonly imageMount: Uint8Array | undefined;
}

const VERITY_MODES: readonly string[] = ["require", "try", "off"];

const NAMES: OptionNames<MountOptions> = {
	objects: true,
	verity: true,
	digest: true,
	upperdir: true,
	workdir: true,
	readOnly: true,
	idmap: true,
	imageMount: true,
	signal: true,
};

/** @throws ComposefsError `ERR_COMPOSEFS_ARGUMENT` */
export function checkOptions(options: MountOptions): MountRequest {
	if (!Array.isArray(options?.objects)) throw argumentError("objects is not a list of folders");
	refuseUnknown(options, NAMES);
	const digest = options.digest === undefined ? undefined : checkDigest(options.digest);
	const request: MountRequest = {
		objects: options.objects.map(absolute),
		verity: options.verity ?? (digest === undefined || options.objects.length === 0 ? "off" : "require"),
		digest,
		upperdir: optional(options.upperdir),
		workdir: optional(options.workdir),
		readOnly: options.readOnly ?? false,
		imageMount: optional(options.imageMount),
	};
	checkTogether(request);
	return request;
}

function checkTogether({ objects, verity, digest, upperdir, workdir, imageMount }: MountRequest): void {
	if (!VERITY_MODES.includes(verity))
		throw argumentError(`verity is ${JSON.stringify(verity)}, not "require", "try" or "off"`);
	if ((upperdir === undefined) !== (workdir === undefined))
		throw argumentError("upperdir and workdir go together");
	if (objects.length === 0) {
		if (upperdir !== undefined) throw argumentError("upperdir needs objects: an image alone is read-only");
		if (verity !== "off") throw argumentError("verity is of objects, and there are none");
		if (imageMount !== undefined) throw argumentError("imageMount is of no use without objects");
	} else if (digest !== undefined && verity !== "require")
		throw argumentError(`a digest goes with verity "require": "${verity}" would trust unverified objects`);
}

function optional(path: FilePath | undefined): Uint8Array | undefined {
	return path === undefined ? undefined : absolute(path);
}
