/** Indexes, manifests and configs: JSON documents of the image specification, and Docker's of the same shape. */
import { isIndexType, isManifestType, MEDIA_TYPES } from "../media-types.ts";
import { parseDigest } from "./digest.ts";
import { Fields } from "./fields.ts";
import type { Descriptor, ImageConfig, Index, Manifest, Platform } from "./image.ts";
import { parseJson } from "./json.ts";

/** The most bytes of one of these documents, as other tools have it. */
export const DOCUMENT_LIMIT: number = 4 << 20;

/** What is known of a document before it is read. */
export interface DocumentOptions {
	/** What errors call it. */
	readonly name: string;
	/** By its descriptor. A document that says that it is something else is refused. */
	readonly mediaType?: string | undefined;
}

/** @throws ComposefsError `ERR_COMPOSEFS_OCI`, rule `json`, `document` or `digest` */
export function parseIndex(bytes: Uint8Array, options: DocumentOptions): Index {
	const fields = new Fields(parseJson(bytes, options.name), options.name);
	const mediaType = mediaTypeOf(fields, options, MEDIA_TYPES.index);
	if (!isIndexType(mediaType)) throw fields.fault("mediaType", `${mediaType} is no index`);
	// Else it could be an index for one reader and a manifest for another.
	for (const key of ["config", "layers"]) if (fields.has(key)) throw fields.fault(key, "is not of an index");
	return {
		mediaType,
		manifests: fields.objects("manifests", readDescriptor),
		annotations: fields.stringMap("annotations"),
		subject: fields.optionalObject("subject", readDescriptor),
		artifactType: fields.optionalString("artifactType"),
	};
}

/** @throws ComposefsError `ERR_COMPOSEFS_OCI`, rule `json`, `document` or `digest` */
export function parseManifest(bytes: Uint8Array, options: DocumentOptions): Manifest {
	const fields = new Fields(parseJson(bytes, options.name), options.name);
	const mediaType = mediaTypeOf(fields, options, MEDIA_TYPES.manifest);
	if (!isManifestType(mediaType)) throw fields.fault("mediaType", `${mediaType} is no manifest`);
	if (fields.has("manifests")) throw fields.fault("manifests", "is not of a manifest");
	return {
		mediaType,
		config: fields.object("config", readDescriptor),
		layers: fields.objects("layers", readDescriptor),
		annotations: fields.stringMap("annotations"),
		subject: fields.optionalObject("subject", readDescriptor),
		artifactType: fields.optionalString("artifactType"),
	};
}

/** @throws ComposefsError `ERR_COMPOSEFS_OCI`, rule `json`, `document` or `digest` */
export function parseConfig(bytes: Uint8Array, { name }: DocumentOptions): ImageConfig {
	const fields = new Fields(parseJson(bytes, name), name);
	const platform = readPlatform(fields);
	const diffIds = fields.object("rootfs", (rootfs) => {
		if (rootfs.string("type") !== "layers") throw rootfs.fault("type", "is not layers");
		return rootfs.strings("diff_ids");
	});
	for (const diffId of diffIds) parseDigest(diffId);
	return { platform, diffIds };
}

function mediaTypeOf(fields: Fields, { mediaType }: DocumentOptions, usual: string): string {
	if (fields.integer("schemaVersion") !== 2) throw fields.fault("schemaVersion", "is not 2");
	const own = fields.optionalString("mediaType");
	if (own !== undefined && mediaType !== undefined && own !== mediaType)
		throw fields.fault("mediaType", `is ${own}, and its descriptor says ${mediaType}`);
	return own ?? mediaType ?? usual;
}

function readDescriptor(fields: Fields): Descriptor {
	const digest = fields.string("digest");
	parseDigest(digest);
	return {
		mediaType: fields.string("mediaType"),
		digest,
		size: fields.integer("size"),
		annotations: fields.stringMap("annotations"),
		platform: fields.optionalObject("platform", readPlatform),
		artifactType: fields.optionalString("artifactType"),
	};
}

function readPlatform(fields: Fields): Platform {
	return {
		os: fields.string("os"),
		architecture: fields.string("architecture"),
		variant: fields.optionalString("variant"),
	};
}
