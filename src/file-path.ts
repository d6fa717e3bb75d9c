/** Files of this machine, named in the forms that node:fs takes. */
import { readlinkSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { argumentError } from "./errors.ts";

const SLASH = 0x2f;

export type FilePath = string | Uint8Array | URL;

/** An open file: a `FileHandle`, or anything else with a descriptor, such as `process.stdout`. */
export interface OpenFile {
	readonly fd: number;
}

/**
 * Which file it is, and in which state: what `lstat(path, { bigint: true })` said when it was found. A file that is
 * expected to have an identity is opened without following symlinks, and must have it before and after it is read.
 */
export interface FileIdentity {
	readonly dev: bigint;
	readonly ino: bigint;
	readonly size: bigint;
	readonly mtimeNs: bigint;
	readonly ctimeNs: bigint;
}

/** A file as content, where bytes would be taken as the content itself. */
export interface FileSource {
	readonly file: FilePath | OpenFile;
}

export function isFileSource(source: unknown): source is FileSource {
	return typeof source === "object" && source !== null && "file" in source;
}

/** A file as the addon takes it. */
export interface NativeFile {
	readonly path?: Uint8Array;
	readonly fd?: number;
	readonly identity?: BigInt64Array | undefined;
}

export function isOpenFile(source: unknown): source is OpenFile {
	return typeof source === "object" && source !== null && "fd" in source;
}

export function nativeFile(file: FilePath | OpenFile, identity?: FileIdentity): NativeFile {
	const packed = identity && packIdentity(identity);
	if (isOpenFile(file)) return { fd: descriptorOf(file), identity: packed };
	return { path: pathToBytes(file), identity: packed };
}

/** What errors call a file; one that came open has no name. */
export function nameOfFile(file: FilePath | OpenFile): string | undefined {
	return isOpenFile(file) ? undefined : pathToString(file);
}

function packIdentity({ dev, ino, size, mtimeNs, ctimeNs }: FileIdentity): BigInt64Array {
	const fields = [dev, ino, size, mtimeNs, ctimeNs];
	if (fields.every((field) => typeof field === "bigint")) return BigInt64Array.from(fields);
	throw argumentError("the fields of an identity are bigints");
}

/** The descriptor of an open file. That of a closed FileHandle is -1: the system refuses it. */
export function descriptorOf(file: OpenFile): number {
	const fd = file?.fd;
	if (typeof fd === "number" && (fd | 0) === fd) return fd;
	throw argumentError("a file is named by its path or given open, as a FileHandle");
}

/** The bytes to give to a system call. */
export function pathToBytes(path: FilePath): Uint8Array {
	const bytes = path instanceof Uint8Array ? path : Buffer.from(pathToString(path), "utf8");
	if (bytes.length === 0 || bytes.includes(0)) throw argumentError("a path is empty or has a NUL in it");
	return bytes;
}

/** The path as a message shows it. */
export function pathToString(path: FilePath): string {
	if (typeof path === "string") return path;
	if (path instanceof URL) return fileURLToPath(path);
	if (path instanceof Uint8Array) return Buffer.from(path).toString("utf8");
	throw argumentError("a path is a string, a Buffer or a file: URL");
}

/** The working directory may be another by the time the path is used, on another thread. */
export function absolute(path: FilePath): Uint8Array {
	const bytes = pathToBytes(path);
	return bytes[0] === SLASH ? bytes : Buffer.concat([workingFolder(), bytes]);
}

/** With a slash; nothing, if there is none any more: then the system says so. */
function workingFolder(): Buffer {
	try {
		const folder = process.cwd();
		// Node gives it as text, and its name may be none.
		const bytes = folder.includes("\ufffd") ? readlinkSync("/proc/self/cwd", "buffer") : Buffer.from(folder);
		return Buffer.concat([bytes, Buffer.from("/")]);
	} catch {
		return Buffer.alloc(0);
	}
}
