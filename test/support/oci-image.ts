/** Small images in memory. */
import { createHash } from "node:crypto";
import { bytesBlob } from "../../src/blob.ts";
import { MEDIA_TYPES } from "../../src/media-types.ts";
import type { Descriptor, Manifest, ResolvedImage } from "../../src/oci/image.ts";

export function sha256(bytes: Uint8Array): string {
	return `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}

export function describeBytes(bytes: Uint8Array, mediaType = "application/octet-stream"): Descriptor {
	return { mediaType, digest: sha256(bytes), size: bytes.length, annotations: new Map() };
}

const toJson = ({ mediaType, digest, size }: Descriptor) => ({ mediaType, digest, size });

/** An image of these layers, which need not be tar for those who only carry them. */
export function imageOf(layers: readonly Uint8Array[], extra: object = {}): ResolvedImage {
	const platform = { architecture: "amd64", os: "linux" };
	const diffIds = layers.map(sha256);
	const config = Buffer.from(JSON.stringify({ ...platform, rootfs: { type: "layers", diff_ids: diffIds } }));
	const described = layers.map((bytes) => describeBytes(bytes, MEDIA_TYPES.layer));
	const value: Manifest = {
		mediaType: MEDIA_TYPES.manifest,
		config: describeBytes(config, MEDIA_TYPES.config),
		layers: described,
		annotations: new Map(),
	};
	const document = { schemaVersion: 2, mediaType: value.mediaType, config: toJson(value.config), ...extra };
	const bytes = Buffer.from(JSON.stringify({ ...document, layers: described.map(toJson) }));
	return {
		name: "image",
		manifest: { descriptor: describeBytes(bytes, value.mediaType), bytes, value },
		config: { descriptor: value.config, bytes: config, value: { platform, diffIds } },
		layers: layers.map((layer, index) => ({
			descriptor: describeBytes(layer, MEDIA_TYPES.layer),
			diffId: diffIds[index] ?? "",
			blob: bytesBlob(layer, `layer ${index}`),
		})),
	};
}
