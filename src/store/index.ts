/** Object stores: contents of files, each under the fs-verity digest of its bytes. */
export type { StoreOptions, StoreProgress, Trust } from "./options.ts";
export { type Content, type ObjectStat, ObjectStore, type PutOptions, type StoredObject } from "./store.ts";
