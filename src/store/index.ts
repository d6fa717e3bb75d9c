/**
 * Object stores: contents of files, each under the fs-verity digest of its bytes.
 *
 * @module composefs/store
 */
/// <reference types="node" preserve="true" />

export type { ContentName, FoundContent, StoredContent } from "../content.ts";
export type { FoundFile } from "../found-files.ts";
export type { Indexed, IndexedObject } from "./content-index.ts";
export type { BadObject, FsckOptions, FsckResult } from "./fsck.ts";
export type { GcOptions, GcResult } from "./gc.ts";
export type { StoreEntry } from "./list.ts";
export type { StoreOptions, StoreProgress, Trust, VerifyObjectOptions } from "./options.ts";
export type { ImageOrTree } from "./references.ts";
export { ObjectStore } from "./store.ts";
export type { Content, ObjectStat, PutOptions, StoredObject } from "./stored.ts";
