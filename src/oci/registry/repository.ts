/** One repository of a registry: its images, and where they are pushed to. */
import { type BlobReadOptions, type BlobSource, bytesBlob } from "../../blob.ts";
import { isIndexType, isManifestType } from "../../media-types.ts";
import {
	checkIsTag,
	type ImageDestination,
	type PutManifest,
	type SignalOptions,
} from "../copy/destination.ts";
import { parseDigest } from "../digest.ts";
import type { BlobFinder, Descriptor, ImageProvider, ResolvedImage, ResolveOptions } from "../image.ts";
import { requestOf, resolveImage } from "../resolve.ts";
import { type FetchedManifest, fetchManifest } from "./manifests.ts";
import { pushBlob, pushManifest } from "./push.ts";
import { formatReference, type ImageReference, TAG } from "./reference.ts";
import { listReferrers, tagReferrer } from "./referrers.ts";
import { type Place, RegistryBlob } from "./registry-blob.ts";

export class Repository implements ImageProvider, BlobFinder, ImageDestination {
	readonly reference: ImageReference;
	/** The reference without tag and digest. */
	readonly name: string;
	readonly #own: Place;
	/** Mirrors, then the registry itself. */
	readonly #places: readonly Place[];

	constructor(reference: ImageReference, own: Place, mirrors: readonly Place[]) {
		this.reference = reference;
		this.name = formatReference({ registry: reference.registry, repository: reference.repository });
		this.#own = own;
		this.#places = [...mirrors, own];
	}

	/** The tag of its reference; none, if that has a digest: what is called so need not be what is put here. */
	get defaultTag(): string | undefined {
		return this.reference.digest === undefined ? this.reference.tag : undefined;
	}

	/**
	 * Reads a manifest or index and checks its digest; that of a tag is in the result.
	 *
	 * @param reference a tag or a digest. Default: those of the repository's reference, the digest before the tag
	 * @throws ComposefsError ERR_COMPOSEFS_REGISTRY; ERR_COMPOSEFS_DIGEST; ERR_COMPOSEFS_ARGUMENT or ERR_COMPOSEFS_OCI for
	 *   what is neither
	 */
	async manifest(
		reference: string = this.reference.digest ?? this.reference.tag ?? "latest",
		{ signal }: SignalOptions = {},
	): Promise<FetchedManifest> {
		// It is the end of a URL: anything else could lead to another repository.
		if (reference.includes(":")) parseDigest(reference);
		else this.checkTag(reference);
		for (const [index, place] of this.#places.entries()) {
			try {
				return await fetchManifest(place, reference, signal);
			} catch (error) {
				signal?.throwIfAborted();
				if (index === this.#places.length - 1) throw error;
			}
		}
		throw new Error("a repository has a place");
	}

	/**
	 * Finds the image of a reference, for a platform where there are several.
	 *
	 * @param reference as for `manifest`
	 * @throws ComposefsError as `manifest` and `resolveImage` do
	 */
	async resolve(reference?: string | ResolveOptions, options?: ResolveOptions): Promise<ResolvedImage> {
		const { named, ...rest } = requestOf(reference, options);
		const { digest, mediaType, bytes } = await this.manifest(named, rest);
		const descriptor = { mediaType, digest, size: bytes.length, annotations: new Map<string, string>() };
		// It is here already: not asked for again by its digest.
		const blob = (other: Descriptor) =>
			other.digest === digest ? bytesBlob(bytes, digest) : this.blob(other);
		return resolveImage({ name: this.name, blob }, descriptor, rest);
	}

	/** What a descriptor names: a blob, or a manifest, which registries keep apart. */
	blob(descriptor: Descriptor): BlobSource {
		const { digest, mediaType, size } = descriptor;
		parseDigest(digest);
		const name = `${this.name}@${digest}`;
		if (!isManifestType(mediaType) && !isIndexType(mediaType))
			return new RegistryBlob(this.#places, name, { digest, size });
		const read = ({ range, signal }: BlobReadOptions = {}) => this.#readManifest(digest, range, signal);
		return { name, size: async () => size, read };
	}

	async *#readManifest(
		digest: string,
		range: BlobReadOptions["range"],
		signal: AbortSignal | undefined,
	): AsyncGenerator<Uint8Array> {
		const { bytes } = await this.manifest(digest, { signal });
		yield range === undefined ? bytes : bytes.subarray(range.start, range.end);
	}

	/** Manifests of a type that have another one as their subject. The registry itself is asked, no mirror. */
	referrers(digest: string, artifactType: string, { signal }: SignalOptions = {}): Promise<Descriptor[]> {
		parseDigest(digest);
		return listReferrers(this.#own, digest, artifactType, signal);
	}

	checkTag(tag: string): void {
		checkIsTag(tag, TAG);
	}

	putBlob(descriptor: Descriptor, blob: BlobSource, { signal }: SignalOptions = {}): Promise<boolean> {
		return pushBlob(this.#own, descriptor, blob, signal);
	}

	async putManifest(manifest: PutManifest, { signal }: SignalOptions = {}): Promise<void> {
		if (manifest.tag !== undefined) this.checkTag(manifest.tag);
		const isListed = await pushManifest(this.#own, manifest, signal);
		if (manifest.subject !== undefined && !isListed)
			await tagReferrer(this.#own, manifest, manifest.subject.digest, signal);
	}
}
