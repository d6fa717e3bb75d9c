/** `makeImage`: layers and what is said of them become an image, or are put over one. */
import { types } from "node:util";
import { descriptorJson } from "../descriptor.ts";
import { argumentError } from "../errors.ts";
import { type OptionNames, refuseUnknown } from "../known-options.ts";
import { isLayerType, MEDIA_TYPES, ociLayerType } from "../media-types.ts";
import { checkImage } from "./arguments.ts";
import { type ContainerConfig, changeConfig, type JsonObject } from "./container-config.ts";
import { describeBytes, parseDigest } from "./digest.ts";
import { DOCUMENT_LIMIT, parseConfig, parseManifest } from "./documents.ts";
import { ociError } from "./fault.ts";
import type { Annotations, Document, Platform, ResolvedImage, ResolvedLayer } from "./image.ts";
import { checkIsPlatform } from "./platform.ts";

/** A layer for an image: what `writeChunkedLayer` gives, and the blob that it wrote; what `describeLayer` gives. */
export interface NewLayer extends ResolvedLayer {
	/** For the image's history: what made the layer. Default: `composefs` */
	readonly createdBy?: string | undefined;
}

export interface MakeImageOptions {
	/** The image whose layers are below. Default: none */
	readonly base?: ResolvedImage | undefined;
	/** Of an image without a base, which has its own. */
	readonly platform?: Platform | undefined;
	/** From the lowest. Default: none */
	readonly layers?: readonly NewLayer[] | undefined;
	/** Changes to how containers run. */
	readonly config?: ContainerConfig | undefined;
	/** Default: as the base says; nothing says what time it is, so that the same always gives the same image. */
	readonly created?: Date | undefined;
	/** Of the manifest. Those of the base, seals among them, speak of the base. Default: none */
	readonly annotations?: Annotations | undefined;
}

/**
 * Makes an image of the image specification: of layers alone, or of a base with layers over it. Nothing is read or
 * written; `copyImage` does that. The same base, layers and options give the same bytes.
 *
 * Of the base's config stays what is not changed, also what is not known here; its history goes on if it tells of all of its
 * layers. Docker's media types become those of the image specification.
 *
 * @throws ComposefsError `ERR_COMPOSEFS_ARGUMENT`, rules `layer`, `platform`, `config`, `created`, `annotations`, `option`;
 *   `ERR_COMPOSEFS_OCI`, rules `digest`, `document-size` for more than 4 MiB, `document` for what would be no manifest or
 *   config, and for a base's config with integers of more than 53 bits, which would not stay
 */
export function makeImage(options: MakeImageOptions): ResolvedImage {
	checkOptions(options);
	const { base, layers = [], annotations = NO_ANNOTATIONS } = options;
	const all = [...(base?.layers ?? []), ...layers].map(toOci);
	const config = documentOf(configOf(options), MEDIA_TYPES.config, parseConfig);
	const texts = [...annotations].sort(([a], [b]) => (a < b ? -1 : 1));
	const document = {
		schemaVersion: 2,
		mediaType: MEDIA_TYPES.manifest,
		config: descriptorJson(config.descriptor),
		layers: all.map(({ descriptor }) => descriptorJson(descriptor)),
		...(texts.length > 0 && { annotations: Object.fromEntries(texts) }),
	};
	const manifest = documentOf(document, MEDIA_TYPES.manifest, parseManifest);
	return { name: manifest.descriptor.digest, manifest, config, layers: all };
}

const NAMES: OptionNames<MakeImageOptions> = {
	base: true,
	platform: true,
	layers: true,
	config: true,
	created: true,
	annotations: true,
};

function checkOptions(options: MakeImageOptions): void {
	// An entrypoint beside `config`, and not in it, would be in no image.
	refuseUnknown(options ?? {}, NAMES);
	const { base, platform, layers = [], created, annotations = NO_ANNOTATIONS } = options ?? {};
	if (base !== undefined) checkImage(base);
	if (platform !== undefined) checkIsPlatform(platform);
	if ((base === undefined) === (platform === undefined))
		throw argumentError("an image has the platform of its base, or without one a platform", {
			rule: "platform",
		});
	if (!Array.isArray(layers)) throw argumentError("layers is no array", { rule: "layer" });
	for (const [at, layer] of layers.entries()) checkLayer(layer, at);
	// Of years that RFC 3339 has.
	if (created !== undefined && !(isDate(created) && /^\d{4}-/.test(created.toISOString())))
		throw argumentError("created is no Date of the years 0 to 9999", { rule: "created" });
	if (!isAnnotations(annotations))
		throw argumentError("annotations are no Map of texts by texts", { rule: "annotations" });
}

const NO_ANNOTATIONS: Annotations = new Map();

function isAnnotations(value: unknown): value is Annotations {
	const pairs = types.isMap(value) ? [...value] : undefined;
	return pairs?.every((pair) => pair.every(isText)) ?? false;
}

/** Of whole characters: readers put the same one in the place of each half. */
function isText(value: unknown): value is string {
	return typeof value === "string" && value.isWellFormed();
}

function isDate(value: unknown): value is Date {
	return types.isDate(value) && !Number.isNaN(value.getTime());
}

function checkLayer(layer: NewLayer, at: number): void {
	const problem = problemOf(layer);
	if (problem !== undefined) throw argumentError(`layers[${at}] ${problem}`, { rule: "layer" });
	parseDigest(layer.descriptor.digest);
	parseDigest(layer.diffId);
}

function problemOf(layer: NewLayer | null): string | undefined {
	const { descriptor, blob, createdBy } = layer ?? {};
	if (descriptor === undefined || typeof blob?.read !== "function")
		return "is neither what describeLayer gives, nor { ...await writeChunkedLayer(tree, { to }), blob: fileBlob(to) }";
	if (!isAnnotations(descriptor.annotations)) return "has annotations that are no Map of texts by texts";
	if (!isLayerType(descriptor.mediaType))
		return `is ${descriptor.mediaType}, which is no layer of a known kind`;
	if (!(Number.isSafeInteger(descriptor.size) && descriptor.size >= 0)) return "has a size that is none";
	return createdBy === undefined || isText(createdBy) ? undefined : "has a createdBy that is no text";
}

/** A layer as the image specification has it, without what is said in the history. */
function toOci({ descriptor, diffId, blob }: ResolvedLayer): ResolvedLayer {
	return { descriptor: { ...descriptor, mediaType: ociLayerType(descriptor.mediaType) }, diffId, blob };
}

/** The config's document. */
function configOf(options: MakeImageOptions): JsonObject {
	const { base, layers = [], platform, config = {}, created } = options;
	const before = base === undefined ? platformOf(platform) : parsed(base);
	const time = created?.toISOString();
	const diffIds = [...(base?.layers ?? []), ...layers].map(({ diffId }) => diffId);
	const history = historyOf(base === undefined ? [] : before.history, base?.layers.length ?? 0);
	const added = layers.map(({ createdBy = "composefs" }) => ({
		created: time ?? before.created, // without any, some show the beginning of the calendar
		created_by: createdBy,
	}));
	return {
		...before,
		...(time !== undefined && { created: time }),
		config: changeConfig(before.config, config),
		rootfs: { type: "layers", diff_ids: diffIds },
		...(history !== undefined && { history: [...history, ...added] }),
	};
}

function platformOf(platform: Platform | undefined): JsonObject {
	const { architecture, os, variant } = platform as Platform;
	return { architecture, os, ...(variant !== undefined && { variant }) };
}

/** It was checked, as strictly as that goes, when the image was resolved. */
function parsed({ config }: ResolvedImage): JsonObject {
	return JSON.parse(Buffer.from(config.bytes).toString("utf8"), exact) as JsonObject;
}

/** What stays has to stay as it is: integers in Go have 64 bits. */
function exact(key: string, value: unknown): unknown {
	if (typeof value !== "number" || Math.abs(value) <= Number.MAX_SAFE_INTEGER) return value;
	throw ociError("document", `the base's config has a number that is too large to be kept: ${key}`);
}

/** A history that tells of each layer, and so can go on. */
function historyOf(history: unknown, layerCount: number): readonly unknown[] | undefined {
	if (!Array.isArray(history)) return undefined;
	const ofLayers = history.filter((entry: JsonObject | null) => entry?.empty_layer !== true);
	return ofLayers.length === layerCount ? history : undefined;
}

/** What is written, read as everybody else will read it. */
function documentOf<T>(
	value: JsonObject,
	mediaType: string,
	parse: (bytes: Uint8Array, options: { readonly name: string }) => T,
): Document<T> {
	const bytes = Buffer.from(JSON.stringify(value));
	const descriptor = describeBytes(bytes, mediaType);
	if (bytes.length > DOCUMENT_LIMIT) {
		const text = `the image's ${mediaType} takes ${bytes.length} bytes, the limit of a document is ${DOCUMENT_LIMIT}`;
		throw ociError("document-size", text, { limit: DOCUMENT_LIMIT, actual: bytes.length });
	}
	return { descriptor, bytes, value: parse(bytes, { name: descriptor.digest }) };
}
