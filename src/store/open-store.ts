/** What the parts of a store work with. */
import type { NativeStore } from "../addon.ts";
import type { ContentIndex } from "./content-index.ts";

export interface OpenStore {
	readonly root: Buffer;
	readonly native: NativeStore;
	readonly parallel: number;
	readonly index: ContentIndex;
}
