/** From a descriptor to an image: through indexes, to a manifest, a config and its layers. */
import { readBlob } from "../blob.ts";
import { isConfigType, isIndexType, isLayerType, isManifestType } from "../media-types.ts";
import { checkDescribed } from "./arguments.ts";
import { DOCUMENT_LIMIT, parseConfig, parseIndex, parseManifest } from "./documents.ts";
import { ociError } from "./fault.ts";
import type {
	BlobFinder,
	Descriptor,
	Document,
	ImageConfig,
	Index,
	Manifest,
	Platform,
	ResolvedImage,
	ResolvedLayer,
	ResolveOptions,
} from "./image.ts";
import { checkIsPlatform, hostPlatform, platformName, platformRank } from "./platform.ts";
import { verifiedBlob } from "./verified.ts";

/** Indexes within indexes. */
const MAX_INDEXES = 4;
/** Manifests and indexes that are looked at for one image: an index may name tens of thousands, and each of them again. */
const MAX_DOCUMENTS = 1000;

/** The arguments of a provider's `resolve`: a reference may be left out, and options be the first. */
export function requestOf(
	first: string | ResolveOptions | undefined,
	second: ResolveOptions = {},
): ResolveOptions & { readonly named: string | undefined } {
	return typeof first === "object" ? { ...first, named: undefined } : { ...second, named: first };
}

/**
 * Finds the image that a descriptor stands for. Of an index, the manifest whose platform suits best counts, and of
 * equals the first; then those without a platform, in their order, indexes among them. A manifest that is asked for
 * itself must suit a platform only where one is given.
 *
 * @throws ComposefsError `ERR_COMPOSEFS_OCI` with `rule`; `ERR_COMPOSEFS_DIGEST` and `ERR_COMPOSEFS_BLOB` where a
 *   document is not what its descriptor says; what the source throws; the signal's reason
 */
export async function resolveImage(
	blobs: BlobFinder,
	descriptor: Descriptor,
	options: ResolveOptions = {},
): Promise<ResolvedImage> {
	checkDescribed(blobs, descriptor);
	const { signal } = options;
	if (!isIndexType(descriptor.mediaType)) {
		const image = await imageOf(blobs, descriptor, signal);
		if (options.platform !== undefined) checkPlatform(image, checkIsPlatform(options.platform));
		return image;
	}
	const index = await readIndex(blobs, descriptor, signal);
	return resolveAmong(blobs, index.value.manifests, options);
}

/**
 * The same, of the entries of an index.
 *
 * @throws ComposefsError as `resolveImage` does; rule `platform`, if none suits
 */
export async function resolveAmong(
	blobs: BlobFinder,
	descriptors: readonly Descriptor[],
	options: ResolveOptions = {},
): Promise<ResolvedImage> {
	const { platform = hostPlatform(), signal } = options;
	checkIsPlatform(platform);
	const image = await new Search(blobs, platform, signal).among(descriptors, 1);
	if (image !== undefined) return image;
	const named = descriptors.flatMap((entry) => (entry.platform ? [platformName(entry.platform)] : []));
	const offered = named.slice(0, 20);
	const text = `${blobs.name}: has no image for ${platformName(platform)}, only for ${offered.join(", ") || "others"}`;
	throw ociError("platform", text);
}

class Search {
	readonly #blobs: BlobFinder;
	readonly #platform: Platform;
	readonly #signal: AbortSignal | undefined;
	/** Digests of what has been looked at. */
	readonly #seen = new Set<string>();

	constructor(blobs: BlobFinder, platform: Platform, signal: AbortSignal | undefined) {
		this.#blobs = blobs;
		this.#platform = platform;
		this.#signal = signal;
	}

	async among(descriptors: readonly Descriptor[], depth: number): Promise<ResolvedImage | undefined> {
		const ranked = descriptors
			.map((entry) => ({ entry, rank: entry.platform && platformRank(this.#platform, entry.platform) }))
			.filter(({ rank }) => rank !== undefined)
			.sort((a, b) => (a.rank as number) - (b.rank as number));
		const unnamed = descriptors.filter(({ platform }) => platform === undefined);
		for (const entry of [...ranked.map((one) => one.entry), ...unnamed]) {
			const image = await this.#at(entry, depth);
			if (image !== undefined) return image;
		}
		return undefined;
	}

	async #at(entry: Descriptor, depth: number): Promise<ResolvedImage | undefined> {
		const { mediaType, platform, digest } = entry;
		// If there were an image in it, there would be no second look.
		if (this.#seen.has(digest)) return undefined;
		if (this.#seen.add(digest).size > MAX_DOCUMENTS) {
			const text = `${this.#blobs.name}: none of the first ${MAX_DOCUMENTS} manifests and indexes suits`;
			throw ociError("index-size", text, { limit: MAX_DOCUMENTS });
		}
		if (isIndexType(mediaType)) {
			if (depth === MAX_INDEXES)
				throw ociError("index-depth", `${this.#blobs.name}: more than ${MAX_INDEXES} indexes in one another`);
			const index = await readIndex(this.#blobs, entry, this.#signal);
			return this.among(index.value.manifests, depth + 1);
		}
		if (!isManifestType(mediaType)) return undefined;
		if (platform !== undefined) return imageOf(this.#blobs, entry, this.#signal);
		// Only its config says what it is for; and it may be no image at all.
		const manifest = await readManifest(this.#blobs, entry, this.#signal);
		if (!isConfigType(manifest.value.config.mediaType)) return undefined;
		const config = await readConfig(this.#blobs, manifest, this.#signal);
		// Before its layers: signatures and attestations have an image's config, for no platform, and layers of their own.
		if (platformRank(this.#platform, config.value.platform) === undefined) return undefined;
		return withLayers(this.#blobs, manifest, config);
	}
}

async function imageOf(
	blobs: BlobFinder,
	descriptor: Descriptor,
	signal: AbortSignal | undefined,
): Promise<ResolvedImage> {
	const { mediaType } = descriptor;
	if (!isManifestType(mediaType)) throw ociError("media-type", `${blobs.name}: ${mediaType} is no image`);
	const manifest = await readManifest(blobs, descriptor, signal);
	return withLayers(blobs, manifest, await readConfig(blobs, manifest, signal));
}

async function readConfig(
	blobs: BlobFinder,
	manifest: Document<Manifest>,
	signal: AbortSignal | undefined,
): Promise<Document<ImageConfig>> {
	const { config: descriptor } = manifest.value;
	if (!isConfigType(descriptor.mediaType)) {
		const name = `${blobs.name}: ${manifest.descriptor.digest}`;
		throw ociError("media-type", `${name}: is no image: its config is ${descriptor.mediaType}`);
	}
	const bytes = await readDocument(blobs, descriptor, signal);
	return { descriptor, bytes, value: parseConfig(bytes, { name: descriptor.digest }) };
}

function withLayers(
	blobs: BlobFinder,
	manifest: Document<Manifest>,
	config: Document<ImageConfig>,
): ResolvedImage {
	const { layers } = manifest.value;
	const { diffIds } = config.value;
	const name = `${blobs.name}: ${manifest.descriptor.digest}`;
	if (diffIds.length !== layers.length)
		throw ociError(
			"layer-count",
			`${name}: has ${layers.length} layers, its config ${diffIds.length} diff_ids`,
		);
	return {
		name,
		manifest,
		config,
		layers: layers.map((layer, at) => resolvedLayer(blobs, layer, diffIds[at] as string)),
	};
}

function resolvedLayer(blobs: BlobFinder, descriptor: Descriptor, diffId: string): ResolvedLayer {
	const { mediaType, digest } = descriptor;
	if (!isLayerType(mediaType))
		throw ociError(
			"layer-type",
			`${blobs.name}: ${digest} is ${mediaType}, which is no layer of a known kind`,
		);
	return { descriptor, diffId, blob: blobs.blob(descriptor) };
}

/** Reads an index and checks it against its descriptor. */
export async function readIndex(
	blobs: BlobFinder,
	descriptor: Descriptor,
	signal?: AbortSignal,
): Promise<Document<Index>> {
	const bytes = await readDocument(blobs, descriptor, signal);
	const { digest: name, mediaType } = descriptor;
	return { descriptor, bytes, value: parseIndex(bytes, { name, mediaType }) };
}

/** Reads a manifest, also one that is no image's, and checks it against its descriptor. */
export async function readManifest(
	blobs: BlobFinder,
	descriptor: Descriptor,
	signal?: AbortSignal,
): Promise<Document<Manifest>> {
	const bytes = await readDocument(blobs, descriptor, signal);
	const { digest: name, mediaType } = descriptor;
	return { descriptor, bytes, value: parseManifest(bytes, { name, mediaType }) };
}

async function readDocument(
	blobs: BlobFinder,
	descriptor: Descriptor,
	signal: AbortSignal | undefined,
): Promise<Uint8Array> {
	const { digest, size } = descriptor;
	if (size > DOCUMENT_LIMIT) {
		const text = `${blobs.name}: ${digest} takes ${size} bytes, the limit of a document is ${DOCUMENT_LIMIT}`;
		throw ociError("document-size", text, { limit: DOCUMENT_LIMIT, actual: size });
	}
	return readBlob(verifiedBlob(blobs.blob(descriptor), digest, size), { limit: size, signal });
}

/** @throws ComposefsError `ERR_COMPOSEFS_OCI`, rule `platform` */
export function checkPlatform({ name, config }: ResolvedImage, wanted: Platform): void {
	const { platform } = config.value;
	if (platformRank(wanted, platform) !== undefined) return;
	throw ociError("platform", `${name}: is for ${platformName(platform)}, not for ${platformName(wanted)}`);
}
