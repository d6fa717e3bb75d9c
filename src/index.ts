/**
 * composefs for Node: the tree, writing images, fs-verity digests. Sources have entries of their own.
 *
 * @module composefs
 */
/// <reference types="node" preserve="true" />

export type { ContentChunk, Hole } from "./content.ts";
export { copyTree } from "./copy-tree.ts";
export type { BodyMessage, Diagnostics, DiagnosticsMessage, DiagnosticsName, Traced } from "./diagnostics.ts";
export { type Change, type ChangedAttribute, diff } from "./diff.ts";
export { computeDigest, computeDigests, type DigestOptions, type DigestsOptions } from "./digest.ts";
export { ComposefsError, type ComposefsErrorCode, type ComposefsErrorDetails } from "./errors.ts";
export type { FileIdentity, FilePath, FileSource, OpenFile } from "./file-path.ts";
export { validate } from "./gate.ts";
export * from "./image/index.ts";
export {
	type Device,
	type DeviceNumber,
	type Directory,
	device,
	directory,
	type ExternalFile,
	type Fifo,
	type FileContent,
	fifo,
	file,
	fileSize,
	type InlineFile,
	type Inode,
	isWhiteout,
	type Metadata,
	type MetadataOptions,
	type RegularFile,
	type Socket,
	type Symlink,
	socket,
	symlink,
	whiteout,
} from "./inode.ts";
export { LIMITS, READ_LIMITS } from "./limits.ts";
export { bytesToName, compareNames, type Name, nameToBytes } from "./names.ts";
export type { ChunkSource } from "./pull.ts";
export { Tree, type WalkEntry } from "./tree.ts";
export {
	enable as enableVerity,
	measure as measureVerity,
	type VerityDigest,
	type VerityOptions,
} from "./verity.ts";
export {
	type ImageInMemory,
	type VersionOptions,
	type WriteImageOptions,
	type WriteWarning,
	type WrittenImage,
	writeImage,
} from "./write.ts";
