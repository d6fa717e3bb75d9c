/** This machine's files, in the forms that node:fs takes: by path, or open. */
import { fileURLToPath } from "node:url";
import { ComposefsError } from "./errors.ts";

export type FilePath = string | Uint8Array | URL;

/** An open file: a `FileHandle`, or anything else with a descriptor, such as `process.stdout`. */
export interface OpenFile {
	readonly fd: number;
}

/** The bytes to give to a system call. */
export function pathToBytes(path: FilePath): Uint8Array {
	const bytes = path instanceof Uint8Array ? path : Buffer.from(pathToString(path), "utf8");
	if (bytes.length === 0 || bytes.includes(0))
		throw new ComposefsError("ERR_COMPOSEFS_ARGUMENT", "a path is empty or has a NUL in it");
	return bytes;
}

/** The path as a message shows it. */
export function pathToString(path: FilePath): string {
	if (typeof path === "string") return path;
	if (path instanceof URL) return fileURLToPath(path);
	if (path instanceof Uint8Array) return Buffer.from(path).toString("utf8");
	throw new ComposefsError("ERR_COMPOSEFS_ARGUMENT", "a path is a string, a Buffer or a file: URL");
}

/** The descriptor of an open file. That of a closed FileHandle is -1: the system refuses it. */
export function descriptorOf(file: OpenFile): number {
	const fd = file?.fd;
	if (typeof fd === "number" && (fd | 0) === fd) return fd;
	throw new ComposefsError("ERR_COMPOSEFS_ARGUMENT", "a file is named by its path or given as a FileHandle");
}
