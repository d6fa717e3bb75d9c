/** Where images go: registries and layouts. */
import type { BlobSource } from "../../blob.ts";
import { argumentError } from "../../errors.ts";
import type { Descriptor } from "../image.ts";

export interface SignalOptions {
	readonly signal?: AbortSignal | undefined;
}

/** A manifest or index to be stored, byte for byte. */
export interface PutManifest {
	readonly mediaType: string;
	/** Of the bytes. */
	readonly digest: string;
	readonly bytes: Uint8Array;
	/** What it is to be called as well. */
	readonly tag?: string | undefined;
	/** What it says of another manifest: it can be found by that one's digest then. */
	readonly subject?: Descriptor | undefined;
	readonly artifactType?: string | undefined;
}

/** @throws ComposefsError `ERR_COMPOSEFS_ARGUMENT`, rule `tag` */
export function checkIsTag(tag: unknown, pattern: RegExp): void {
	if (typeof tag === "string" && pattern.test(tag)) return;
	throw argumentError(`${JSON.stringify(tag)} cannot be a tag`, { rule: "tag" });
}

export interface ImageDestination {
	/** What errors call it. */
	readonly name: string;
	/** What an image is called here, if the copy says nothing else. */
	readonly defaultTag?: string | undefined;
	/** Throws for what cannot be a tag here, before anything is stored. */
	checkTag?(tag: string): void;
	/**
	 * Stores a blob, whole and with the digest of its descriptor, or not at all. One that is there already is not read.
	 *
	 * @returns whether it was there
	 */
	putBlob(descriptor: Descriptor, blob: BlobSource, options?: SignalOptions): Promise<boolean>;
	/** Stores a manifest. What it refers to must be there. */
	putManifest(manifest: PutManifest, options?: SignalOptions): Promise<void>;
}
