/** Media types of the image specification and of Docker, by what they are. */
export const MEDIA_TYPES = {
	index: "application/vnd.oci.image.index.v1+json",
	manifest: "application/vnd.oci.image.manifest.v1+json",
	config: "application/vnd.oci.image.config.v1+json",
	layer: "application/vnd.oci.image.layer.v1.tar",
	layerGzip: "application/vnd.oci.image.layer.v1.tar+gzip",
	layerZstd: "application/vnd.oci.image.layer.v1.tar+zstd",
	empty: "application/vnd.oci.empty.v1+json",
	dockerManifestList: "application/vnd.docker.distribution.manifest.list.v2+json",
	dockerManifest: "application/vnd.docker.distribution.manifest.v2+json",
	dockerConfig: "application/vnd.docker.container.image.v1+json",
	dockerLayer: "application/vnd.docker.image.rootfs.diff.tar",
	dockerLayerGzip: "application/vnd.docker.image.rootfs.diff.tar.gzip",
	dockerLayerZstd: "application/vnd.docker.image.rootfs.diff.tar.zstd",
} as const;

const INDEXES: ReadonlySet<string> = new Set([MEDIA_TYPES.index, MEDIA_TYPES.dockerManifestList]);
const MANIFESTS: ReadonlySet<string> = new Set([MEDIA_TYPES.manifest, MEDIA_TYPES.dockerManifest]);
const CONFIGS: ReadonlySet<string> = new Set([MEDIA_TYPES.config, MEDIA_TYPES.dockerConfig]);

/** Docker's layers → the same bytes by the image specification's names. */
const OCI_LAYERS: ReadonlyMap<string, string> = new Map<string, string>([
	[MEDIA_TYPES.dockerLayer, MEDIA_TYPES.layer],
	[MEDIA_TYPES.dockerLayerGzip, MEDIA_TYPES.layerGzip],
	[MEDIA_TYPES.dockerLayerZstd, MEDIA_TYPES.layerZstd],
	// Of the deprecated kind that registries did not have to distribute.
	["application/vnd.docker.image.rootfs.foreign.diff.tar", MEDIA_TYPES.layer],
	["application/vnd.docker.image.rootfs.foreign.diff.tar.gzip", MEDIA_TYPES.layerGzip],
]);

const LAYERS: ReadonlySet<string> = new Set([
	MEDIA_TYPES.layer,
	MEDIA_TYPES.layerGzip,
	MEDIA_TYPES.layerZstd,
	...OCI_LAYERS.keys(),
	// Layers that registries did not have to distribute: deprecated, and tar all the same.
	"application/vnd.oci.image.layer.nondistributable.v1.tar",
	"application/vnd.oci.image.layer.nondistributable.v1.tar+gzip",
	"application/vnd.oci.image.layer.nondistributable.v1.tar+zstd",
]);

/** A list of manifests, one for each platform. */
export function isIndexType(mediaType: string): boolean {
	return INDEXES.has(mediaType);
}

export function isManifestType(mediaType: string): boolean {
	return MANIFESTS.has(mediaType);
}

/** The config of an image that can run; manifests of artifacts have others. */
export function isConfigType(mediaType: string): boolean {
	return CONFIGS.has(mediaType);
}

/** A tar layer; its compression is told by its first bytes, not by this. */
export function isLayerType(mediaType: string): boolean {
	return LAYERS.has(mediaType);
}

/** What a layer is called in a manifest of the image specification. */
export function ociLayerType(mediaType: string): string {
	return OCI_LAYERS.get(mediaType) ?? mediaType;
}
