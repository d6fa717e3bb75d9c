/** Seals within a manifest, as annotations: any tool that copies the image carries them along. */
import { AnnotationMap } from "../../descriptor.ts";
import { checkManifest } from "../arguments.ts";
import { digestOf } from "../digest.ts";
import type { Annotations, Descriptor, Manifest, ResolvedImage } from "../image.ts";
import { checkIsSeal, checkSealDigest, SEAL_KEYS, type Seal, sealDigest, sealError } from "./seal.ts";

type Json = Record<string, unknown>;

/**
 * The image with a seal in its manifest, which has another digest therefore. What else the manifest says, annotations
 * and fields that are not known here among it, stays; a seal that it has already goes. `seal.manifest` has no place in it.
 *
 * @throws ComposefsError ERR_COMPOSEFS_SEAL
 */
export function sealImage<T extends Pick<ResolvedImage, "name" | "manifest">>(image: T, seal: Seal): T {
	checkManifest(image);
	checkIsSeal(seal);
	const { name, manifest } = image;
	const { descriptor, value } = manifest;
	checkSeal(name, seal, value.layers.length);
	const own: [string, string][] = [[SEAL_KEYS.merged, seal.merged]];
	if (seal.bootable !== undefined) own.push([SEAL_KEYS.bootable, seal.bootable]);
	const ofConfig: [string, string][] = seal.config === undefined ? [] : [[SEAL_KEYS.config, seal.config]];
	const ofLayer = (index: number): [string, string][] => {
		const digest = seal.layers?.[index];
		return digest === undefined ? [] : [[SEAL_KEYS.layers, digest]];
	};

	const document = JSON.parse(Buffer.from(manifest.bytes).toString("utf8")) as Json;
	annotate(document, own);
	annotate(document.config as Json, ofConfig);
	for (const [index, layer] of (document.layers as Json[]).entries()) annotate(layer, ofLayer(index));
	const bytes = Buffer.from(JSON.stringify(document));
	const sealed: Manifest = {
		...value,
		annotations: withEntries(value.annotations, own),
		config: withAnnotations(value.config, ofConfig),
		layers: value.layers.map((layer, index) => withAnnotations(layer, ofLayer(index))),
	};
	const described = { ...descriptor, digest: digestOf(bytes), size: bytes.length };
	return { ...image, manifest: { descriptor: described, bytes, value: sealed } };
}

/**
 * The seal in a manifest.
 *
 * @returns undefined if there is none
 * @throws ComposefsError ERR_COMPOSEFS_SEAL
 */
export function readInlineSeal(image: Pick<ResolvedImage, "name" | "manifest">): Seal | undefined {
	checkManifest(image);
	const { name, manifest } = image;
	const { annotations, config, layers } = manifest.value;
	const merged = sealDigest(annotations, "merged", name);
	if (merged === undefined) return undefined;
	const ofLayers = layers.map((layer) => sealDigest(layer.annotations, "layers", `${name}: ${layer.digest}`));
	const known = ofLayers.filter((digest) => digest !== undefined);
	if (known.length > 0 && known.length < layers.length) {
		const text = `${name}: ${known.length} of ${layers.length} layers are sealed`;
		throw sealError("seal-layers", text, { limit: layers.length, actual: known.length });
	}
	return {
		merged,
		bootable: sealDigest(annotations, "bootable", name),
		config: sealDigest(config.annotations, "config", `${name}: config`),
		layers: known.length === 0 ? undefined : known,
	};
}

function checkSeal(name: string, { merged, bootable, config, layers }: Seal, count: number): void {
	for (const digest of [merged, bootable, config, ...(layers ?? [])])
		if (digest !== undefined) checkSealDigest(digest, `${name}: seal`);
	if (layers === undefined || layers.length === count) return;
	const text = `${name}: ${layers.length} digests for ${count} layers`;
	throw sealError("seal-layers", text, { limit: count, actual: layers.length });
}

/** An own property each, whatever its name. */
function annotate(document: Json, own: readonly [string, string][]): void {
	const before = Object.entries((document.annotations ?? {}) as Json);
	if (before.length + own.length > 0) document.annotations = Object.fromEntries(resealed(before, own));
}

function withAnnotations(descriptor: Descriptor, own: readonly [string, string][]): Descriptor {
	return { ...descriptor, annotations: withEntries(descriptor.annotations, own) };
}

function withEntries(annotations: Annotations, own: readonly [string, string][]): Annotations {
	return new AnnotationMap(resealed(annotations, own));
}

const SEALING: ReadonlySet<string> = new Set(Object.values(SEAL_KEYS));

/** Those of an earlier seal go, also where the new one has nothing in their place. */
function resealed<T>(before: Iterable<[string, T]>, own: readonly [string, T][]): [string, T][] {
	return [...Array.from(before).filter(([name]) => !SEALING.has(name)), ...own];
}
