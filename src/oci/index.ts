/**
 * `composefs/oci`: images of layers, where they come from, and how they become one tree.
 *
 * @module composefs/oci
 */
/// <reference types="node" preserve="true" />

export type { ContentName, FoundContent, StoredContent } from "../content.ts";
export { MEDIA_TYPES } from "../media-types.ts";
export { applyLayer } from "./apply.ts";
export { openArchive } from "./archive.ts";
export type { ContainerConfig } from "./container-config.ts";
export type { ContentStore } from "./contents.ts";
export * from "./copy/index.ts";
export { type DescribeLayerOptions, describeLayer } from "./describe-layer.ts";
export { diffLayer } from "./diff-layer.ts";
export type { DockerArchive, DockerImage } from "./docker-archive.ts";
export type {
	Annotations,
	BlobFinder,
	Descriptor,
	Document,
	ImageConfig,
	ImageProvider,
	Index,
	Manifest,
	Platform,
	ResolvedImage,
	ResolvedLayer,
	ResolveOptions,
} from "./image.ts";
export {
	type InodeEntry,
	LAYER_LIMITS,
	type Layer,
	type LayerEntries,
	type LayerEntry,
	type LayerLimits,
	type LinkEntry,
	type LowerLink,
	type ReadLayerOptions,
	readLayer,
} from "./layer.ts";
export { type LayerTreeOptions, layerTree } from "./layer-tree.ts";
export { type OciLayout, openLayout } from "./layout.ts";
export { type MakeImageOptions, makeImage, type NewLayer } from "./make-image.ts";
export type { Marks } from "./marks.ts";
export * from "./partial/index.ts";
export { canonicalise, type Profile } from "./profile.ts";
export {
	type LayerChoice,
	PULL_LIMITS,
	type PullLimits,
	type PullOptions,
	type PullProgress,
	pullImage,
} from "./pull.ts";
export * from "./registry/index.ts";
export { resolveImage } from "./resolve.ts";
export * from "./sealing/index.ts";
export { type LayTarsOptions, layTars } from "./tars.ts";
export { verifiedBlob } from "./verified.ts";
