/** What `docker save` writes: manifest.json, configs and layers. */
import { type BlobSource, readBlob } from "../blob.ts";
import { compressionOf } from "../compression.ts";
import { MEDIA_TYPES } from "../media-types.ts";
import { Digester, describeBytes } from "./digest.ts";
import { DOCUMENT_LIMIT, parseConfig, parseManifest } from "./documents.ts";
import { ociError } from "./fault.ts";
import { Fields } from "./fields.ts";
import type { Descriptor, ImageProvider, ResolvedImage, ResolveOptions } from "./image.ts";
import { type Json, parseJson } from "./json.ts";
import type { Files } from "./layout.ts";
import { formatReference, parseReference } from "./registry/reference.ts";
import { checkPlatform, requestOf } from "./resolve.ts";
import { expectDigest } from "./verified.ts";

/** One image of manifest.json. */
export interface DockerImage {
	/** `name:tag` */
	readonly tags: readonly string[];
	/** Path of the config in the archive. */
	readonly config: string;
	/** Paths of the layers, from the lowest. */
	readonly layers: readonly string[];
}

const NAMED_BY_DIGEST = /(?:^|\/)([0-9a-f]{64})(?:\.json)?$/;

/** Images without manifests. References are the tags, `name:tag`. */
export class DockerArchive implements ImageProvider {
	readonly #files: Files;
	readonly images: readonly DockerImage[];

	/** Use `openArchive`. */
	constructor(files: Files, images: readonly DockerImage[]) {
		this.#files = files;
		this.images = images;
	}

	/**
	 * The manifest is made up from the config and the layers. An uncompressed layer is checked by its diff_id; a
	 * compressed one is read for its digest.
	 *
	 * @throws ComposefsError `ERR_COMPOSEFS_OCI` with `rule`; `ERR_COMPOSEFS_DIGEST`, if the config is not what its name
	 *   says; what the archive throws; the signal's reason
	 */
	async resolve(reference?: string | ResolveOptions, options?: ResolveOptions): Promise<ResolvedImage> {
		const { named, platform, signal } = requestOf(reference, options);
		const { config: path, layers } = this.find(named);
		const bytes = await readBlob(this.#files.file(path), { limit: DOCUMENT_LIMIT, signal });
		const config = parseConfig(bytes, { name: path });
		const { diffIds } = config;
		if (layers.length !== diffIds.length)
			throw ociError("layer-count", `${path}: has ${diffIds.length} diff_ids for ${layers.length} layers`);
		const blobs = layers.map((layer) => this.#files.file(layer));
		const descriptors: Descriptor[] = [];
		for (const [at, blob] of blobs.entries())
			descriptors.push(await describeLayer(blob, diffIds[at] as string, signal));
		const descriptor = describeBytes(bytes, MEDIA_TYPES.dockerConfig);
		const hex = NAMED_BY_DIGEST.exec(path)?.[1];
		if (hex !== undefined) expectDigest(path, `sha256:${hex}`, descriptor.digest);
		const image: ResolvedImage = {
			name: `${this.#files.name}: ${named ?? path}`,
			manifest: manifestOf(descriptor, descriptors),
			config: { descriptor, bytes, value: config },
			layers: blobs.map((blob, at) => ({
				descriptor: descriptors[at] as Descriptor,
				diffId: diffIds[at] as string,
				blob,
			})),
		};
		if (platform !== undefined) checkPlatform(image, platform);
		return image;
	}

	/**
	 * @param reference a tag as the archive has it, or one that means the same with Docker's defaults: `app` is
	 *   `docker.io/library/app:latest`. Default: the only image
	 * @throws ComposefsError `ERR_COMPOSEFS_OCI`, rule `reference`
	 */
	find(reference?: string): DockerImage {
		const having = (isIt: (tag: string) => boolean) => this.images.filter(({ tags }) => tags.some(isIt));
		let found = reference === undefined ? this.images : having((tag) => tag === reference);
		if (reference !== undefined && found.length === 0)
			found = having((tag) => inFull(tag) === inFull(reference));
		const [image] = found;
		if (image !== undefined && found.length === 1) return image;
		const problem = found.length > 1 ? "which image?" : `has no image ${JSON.stringify(reference ?? "")}.`;
		const tags = this.images.flatMap((one) => one.tags).slice(0, 20);
		throw ociError("reference", `${this.#files.name}: ${problem} There are: ${tags.join(", ") || "none"}`);
	}
}

function inFull(tag: string): string {
	try {
		return formatReference(parseReference(tag));
	} catch {
		return tag;
	}
}

export async function readDockerArchive(files: Files, signal?: AbortSignal): Promise<DockerArchive> {
	const name = "manifest.json";
	const bytes = await readBlob(files.file(name), { limit: DOCUMENT_LIMIT, signal });
	// The document is an array: as a field, it is read as every other.
	const fields = new Fields(new Map<string, Json>([["images", parseJson(bytes, name)]]), name);
	const images = fields.objects("images", (image) => ({
		tags: image.has("RepoTags") ? image.strings("RepoTags") : [],
		config: image.string("Config"),
		layers: image.strings("Layers"),
	}));
	return new DockerArchive(files, images);
}

const COMPRESSED = { gzip: MEDIA_TYPES.dockerLayerGzip, zstd: MEDIA_TYPES.dockerLayerZstd } as const;

async function describeLayer(blob: BlobSource, diffId: string, signal?: AbortSignal): Promise<Descriptor> {
	const head = await readBlob(blob, { range: { start: 0, end: 4 }, limit: 4, signal });
	const compression = compressionOf(head);
	const annotations = new Map<string, string>();
	if (compression === undefined)
		return {
			mediaType: MEDIA_TYPES.dockerLayer,
			digest: diffId,
			size: await blob.size({ signal }),
			annotations,
		};
	const digester = new Digester("sha256");
	let size = 0;
	for await (const bytes of blob.read({ signal })) {
		digester.update(bytes);
		size += bytes.length;
	}
	return { mediaType: COMPRESSED[compression], digest: digester.finish(), size, annotations };
}

function manifestOf(config: Descriptor, layers: readonly Descriptor[]): ResolvedImage["manifest"] {
	const plain = ({ mediaType, size, digest }: Descriptor) => ({ mediaType, size, digest });
	const mediaType = MEDIA_TYPES.dockerManifest;
	const document = { schemaVersion: 2, mediaType, config: plain(config), layers: layers.map(plain) };
	const bytes = Buffer.from(JSON.stringify(document));
	const descriptor = describeBytes(bytes, mediaType);
	return { descriptor, bytes, value: parseManifest(bytes, { name: descriptor.digest, mediaType }) };
}
