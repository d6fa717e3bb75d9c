/** Images as the image specification describes them, and where they come from: layouts, archives, registries. */
import type { BlobSource } from "../blob.ts";
import type { Annotations, Descriptor, Platform } from "../descriptor.ts";

export type { Annotations, Descriptor, Platform } from "../descriptor.ts";

/** An index, or Docker's manifest list. */
export interface Index {
	readonly mediaType: string;
	readonly manifests: readonly Descriptor[];
	readonly annotations: Annotations;
	readonly subject?: Descriptor | undefined;
	readonly artifactType?: string | undefined;
}

export interface Manifest {
	readonly mediaType: string;
	readonly config: Descriptor;
	/** From the lowest. */
	readonly layers: readonly Descriptor[];
	readonly annotations: Annotations;
	readonly subject?: Descriptor | undefined;
	readonly artifactType?: string | undefined;
}

/** What layers need of an image's config. All of it is in the `bytes` of its document. */
export interface ImageConfig {
	readonly platform: Platform;
	/** The digest of each layer's tar, uncompressed; from the lowest. */
	readonly diffIds: readonly string[];
}

/** A document that was checked against its descriptor: its bytes, and what they mean. */
export interface Document<T> {
	readonly descriptor: Descriptor;
	readonly bytes: Uint8Array;
	readonly value: T;
}

export interface ResolvedLayer {
	readonly descriptor: Descriptor;
	/** Digest of the uncompressed tar, from the config. */
	readonly diffId: string;
	/** The blob as the source gives it: whoever reads it checks it, with `verifiedBlob`. */
	readonly blob: BlobSource;
}

/** One image for one platform, with its layers still to be read. */
export interface ResolvedImage {
	/** What errors call it. */
	readonly name: string;
	readonly manifest: Document<Manifest>;
	readonly config: Document<ImageConfig>;
	/** From the lowest. */
	readonly layers: readonly ResolvedLayer[];
}

export interface ResolveOptions {
	/** Default: linux, and the architecture of this process. */
	readonly platform?: Platform | undefined;
	readonly signal?: AbortSignal | undefined;
}

/** Where images come from. */
export interface ImageProvider {
	/**
	 * Finds an image, reads its manifest and config and checks both. The source defines references: a tag or digest;
	 * without one, the only image there is. Those of this package take options in its place, too.
	 */
	resolve(reference?: string, options?: ResolveOptions): Promise<ResolvedImage>;
}

/** What can give the blob that a descriptor names: all that `resolveImage` needs of a source. */
export interface BlobFinder {
	/** What errors call the source. */
	readonly name: string;
	/** The blob, not read and not checked yet. */
	blob(descriptor: Descriptor): BlobSource;
}
