/** What the addon exports: its types, and nothing that runs. native.ts is the door to it. */
import type { NativeFile } from "./file-path.ts";

/** What the addon exports. Every argument has been checked: the addon checks only what could hurt memory. */
export interface Native {
	/** Version of the record layout that the addon reads. */
	readonly recordsVersion: number;
	readonly versions: NativeVersions;
	/** Begins an image. Nodes are made as records come; nothing is opened before `finish`. */
	openWriter(options: NativeWriteOptions): NativeWriter;
	/** The fs-verity digest, 32 or 64 bytes, of bytes or of a file from its beginning. */
	computeDigest(source: { bytes: Uint8Array } | NativeFile, algorithm: number): NativeJob<Uint8Array>;
	/** What the kernel measures of a file; undefined if it is not sealed. */
	measureVerity(file: NativeFile): NativeJob<NativeMeasured | undefined>;
	/** Seals a file, unless it is sealed already. */
	enableVerity(file: NativeFile): NativeJob<void>;
	openStore(options: NativeStoreOptions): NativeJob<NativeStore>;
	/**
	 * The fs-verity digests of several files: 32 or 64 bytes for each, and by their indices the failures of those that
	 * have none. The paths have a NUL behind each, an identity is five numbers.
	 */
	digestFiles(paths: Uint8Array, algorithm: number, identities?: BigInt64Array): NativeJob<NativeDigests>;
	/** Reads directories, following no symlink: records as src/directory/decode.ts tells, or what one failed with. */
	scanDirectories(
		directories: readonly NativeDirectory[],
		options: NativeScanOptions,
	): NativeJob<(ArrayBuffer | NativeFailure)[]>;
	/** A decoder of zstd frames that gives pieces of `pieceSize` bytes; no window may be above 2^`windowLog` bytes. */
	openZstdDecoder(pieceSize: number, windowLog: number): NativeZstdDecoder;
	/** Makes one zstd frame; levels as libzstd has them. */
	openZstdEncoder(level: number): NativeZstdEncoder;
	/** Makes the compressed part of a zstd:chunked layer, with chunks of 2^`chunkBits` bytes on the average. */
	openLayerEncoder(level: number, chunkBits: number): NativeLayerEncoder;
	/** Mounts an image. A mount that fails gives what it failed at: more than a system call's error. */
	mount(options: NativeMountOptions): NativeJob<NativeMountFailure | undefined>;
	/** umount2(2), without following a symlink at the end of the path. */
	unmount(path: Uint8Array, detach: boolean): NativeJob<void>;
	/** Locks this process up, for good (native/lockdown.h). Throws a NativeFailure. */
	lockDown(options: NativeLockdownOptions): NativeLockdown;
	/** A file in memory without a name: its descriptor, which is closed when this thread ends. Throws a NativeFailure. */
	openMemoryFile(): number;
	/** Closes it, once: Node warns of what its own functions close and have not opened. */
	closeMemoryFile(file: number): void;
}

export interface NativeLockdownOptions {
	/** Descriptors from 0 on that stay open, besides those of the event loop. */
	readonly keptDescriptors: number;
	readonly memory: number;
	readonly fileSize: number;
	readonly mayMakeCode: boolean;
	readonly useLandlock: boolean;
	readonly useSeccomp: boolean;
}

export interface NativeLockdown {
	readonly noNewPrivs: boolean;
	readonly landlock: number;
	readonly seccomp: boolean;
	readonly seccompError: number;
}

/** What the addon was linked with. */
export interface NativeVersions {
	readonly libcomposefs: string;
	/** Of libcomposefs: the archive with the addon's allocator, the archive as it is, or the shared library. */
	readonly link: "tuned" | "static" | "shared";
	readonly libzstd: string;
}

export interface NativeDigests {
	readonly digests: Buffer;
	readonly failures: readonly (NativeFailure | undefined)[];
}

export interface NativeDirectory {
	readonly path: Uint8Array;
	/** Device and inode number that it must have. */
	readonly expected: BigInt64Array | undefined;
}

export interface NativeScanOptions {
	readonly xattrs: boolean;
	readonly userXattrsOnly: boolean;
	/** Files of 1 to so many bytes are read. */
	readonly inlineLimit: number;
	/** The most names that are read of a directory. */
	readonly entryLimit: number;
}

export interface NativeZstdDecoder {
	/** Takes a copy of the next bytes, also while others are decoded. */
	feed(chunk: Uint8Array): void;
	/** Bytes that were fed and are not in work yet. */
	waiting(): number;
	/**
	 * Decodes what there is, a few pieces at a time; they are full, but for the last one. One call at a time.
	 *
	 * @param end   there is no more to feed
	 */
	decode(end: boolean): NativeJob<NativeZstdPieces>;
	/** Frees what it takes, which V8 does not know of, unless it has ended, or said a problem. */
	close(): void;
}

export interface NativeZstdPieces {
	readonly pieces: readonly Uint8Array[];
	/** All that was fed is decoded; what is fed meanwhile is not counted. */
	readonly hungry: boolean;
	/** All is decoded. */
	readonly ended: boolean;
	/** What libzstd says is wrong behind these pieces, or `truncated`. */
	readonly problem?: string;
}

/** Pieces must not change before the promise settles. One call at a time; after one that failed, none. */
export interface NativeZstdEncoder {
	/** The next bytes; what is ready of the frame, with `end` all of it. */
	encode(pieces: readonly Uint8Array[], end: boolean): NativeJob<Buffer>;
	/** Frees what it takes, which V8 does not know of, unless the frame has ended. */
	close(): void;
}

/** As NativeZstdEncoder. */
export interface NativeLayerEncoder {
	/** @param kinds  what each piece is, as src/toc/layer-encoder.ts has it */
	encode(kinds: Uint8Array, pieces: readonly Uint8Array[]): NativeJob<NativeEncoded>;
	close(): void;
}

export interface NativeEncoded {
	/** Frames that are complete. */
	readonly output: Buffer;
	/** Of files whose content ended, as src/toc/layer-encoder.ts reads it. */
	readonly report: Buffer;
}

/** Paths are absolute, as bytes. Descriptors are duplicated at once. */
export interface NativeMountOptions {
	readonly image: number;
	readonly target: Uint8Array;
	/** None: the image alone, as EROFS. */
	readonly objects: readonly Uint8Array[];
	readonly upperdir: Uint8Array | undefined;
	readonly workdir: Uint8Array | undefined;
	readonly requireVerity: boolean;
	readonly tryVerity: boolean;
	/** 32 bytes */
	readonly digest: Uint8Array | undefined;
	readonly readOnly: boolean;
	readonly hasAcl: boolean;
	readonly idmap: number | undefined;
	readonly imageMount: Uint8Array | undefined;
	readonly temporaryFolder: Uint8Array;
}

export interface NativeMountFailure {
	readonly step:
		| "measure"
		| "digest"
		| "image"
		| "loop"
		| "folder"
		| "idmap-type"
		| "idmap"
		| "overlay"
		| "target";
	readonly errno: number;
	/** What the kernel has to say, or which thing it was; may be empty. */
	readonly log: string;
	/** The image's digest, where another was expected. */
	readonly actual?: Uint8Array;
}

export interface NativeWriter {
	/** Takes a copy of the next chunk of records: memory of the addon's own costs the garbage collector nothing. */
	add(chunk: Uint8Array): void;
	/** Writes the image. Rejected with a NativeFailure. */
	finish(): Promise<NativeImage>;
	/** May be called at any time; frees what there is. */
	cancel(): void;
}

export interface NativeWriteOptions {
	readonly minVersion: number;
	readonly maxVersion: number;
	/** A descriptor, the bytes of a path, null for nowhere, undefined for memory. */
	readonly to: number | Uint8Array | null | undefined;
	/** Of a path: synced before it is renamed. */
	readonly flush: boolean;
}

export interface NativeImage {
	readonly image?: Uint8Array;
	readonly digest: Uint8Array;
	readonly size: number;
	readonly version: number;
}

export interface NativeMeasured {
	/** The kernel's number (FS_VERITY_HASH_ALG_*). */
	readonly algorithm: number;
	readonly bytes: Uint8Array;
}

/** Numbers stand for the names in src/store/options.ts. */
export interface NativeStoreOptions {
	readonly path: Uint8Array;
	readonly create: boolean;
	readonly cache: boolean;
	readonly sync: number;
	readonly verity: number;
	readonly trust: number;
	readonly mode: number;
	readonly folderMode: number;
	/** -1: the process's */
	readonly uid: number;
	readonly gid: number;
}

/** An open store. All of it works on other threads; nothing may be called after `close`. */
export interface NativeStore {
	/** What went wrong with one item is its result. */
	put(items: readonly NativeContent[]): NativeJob<(NativeStored | NativeFailure)[]>;
	/** Files, as `digestFiles` takes them; failures by their number. */
	putFiles(paths: Uint8Array, identities: BigInt64Array): NativeJob<NativeStoredFiles>;
	/** An object that comes in pieces: one call at a time, at last `finish` or `discard`. */
	stream(): NativeStream;
	flush(): NativeJob<void>;
	/** Digests of 32 bytes each. With `trust` the objects are read, or measured. */
	inspect(
		digests: Uint8Array,
		trust?: number,
		needed?: boolean,
	): NativeJob<(NativeSeen | NativeFailure | null)[]>;
	/** Before the first put. False while somebody has the store alone: to be tried again. */
	begin(): NativeJob<boolean>;
	/** The name of this writer's own folder in the store, or ""; null if there are other writers. */
	lockAlone(): NativeJob<string | null>;
	unlock(): NativeJob<void>;
	close(): NativeJob<void>;
}

export type NativeContent = { readonly bytes: Uint8Array } | NativeFile;

export interface NativeStored {
	readonly digest: string;
	readonly path: string;
	readonly size: number;
	readonly existed: boolean;
}

/** Of each file, in their order. */
export interface NativeStoredFiles {
	/** 32 bytes each, of zeros where there is a failure. */
	readonly digests: Buffer;
	/** 1 where the store had it. */
	readonly existed: Uint8Array;
	readonly failures: readonly (NativeFailure | undefined)[];
}

export interface NativeStream {
	/** Bytes, or the lengths of holes. */
	write(pieces: readonly (Uint8Array | number)[]): NativeJob<void>;
	finish(): NativeJob<NativeStored>;
	discard(): NativeJob<void>;
}

export interface NativeSeen {
	readonly sound: boolean;
	/** Bytes; `stored` is what they take on disk. */
	readonly size: number;
	readonly stored: number;
	readonly mtimeMs: number;
}

/** Work on a worker thread. Rejected with a NativeFailure; `cancel` may be called at any time. */
export interface NativeJob<T> {
	readonly promise: Promise<T>;
	cancel(): void;
}

export interface NativeFailure {
	readonly errno?: number;
	readonly syscall?: string;
	readonly rule?: string;
	/** The file, where it is not the one that the call is about. */
	readonly file?: string;
	readonly record?: number;
	readonly cancelled?: true;
}
