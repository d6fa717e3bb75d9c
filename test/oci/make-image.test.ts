import { describe, expect, test } from "@jest/globals";
import { bytesBlob } from "../../src/blob.ts";
import { MEDIA_TYPES } from "../../src/media-types.ts";
import { copyImage } from "../../src/oci/copy/copy.ts";
import { LayoutDestination } from "../../src/oci/copy/layout-destination.ts";
import type { ResolvedImage } from "../../src/oci/image.ts";
import { openLayout } from "../../src/oci/layout.ts";
import { type MakeImageOptions, makeImage, type NewLayer } from "../../src/oci/make-image.ts";
import { pullImage } from "../../src/oci/pull.ts";
import { sealImage } from "../../src/oci/sealing/inline.ts";
import { MemoryStore } from "../support/memory-store.ts";
import { describeBytes, imageOf, sha256 } from "../support/oci-image.ts";
import { plainTar } from "../support/plain-tar.ts";
import { useTemporaryFolder } from "../support/temporary.ts";

const temporary = useTemporaryFolder();
const platform = { os: "linux", architecture: "arm64", variant: "v8" };
const created = new Date("2026-01-02T03:04:05Z");

function layerOf(...names: string[]): NewLayer {
	const bytes = plainTar(...names);
	const descriptor = { ...describeBytes(bytes, MEDIA_TYPES.layer), annotations: new Map([["a", "1"]]) };
	return { descriptor, diffId: sha256(bytes), blob: bytesBlob(bytes, names.join()) };
}

const configIn = ({ config }: ResolvedImage) => JSON.parse(Buffer.from(config.bytes).toString("utf8"));
const manifestIn = ({ manifest }: ResolvedImage) => JSON.parse(Buffer.from(manifest.bytes).toString("utf8"));

/** A base whose config says more. */
function baseWith(config: object, mediaType: string = MEDIA_TYPES.layer): ResolvedImage {
	const base = imageOf([plainTar("usr/", "usr/base")]);
	const bytes = Buffer.from(JSON.stringify({ ...configIn(base), ...config }));
	const layers = base.layers.map((layer) => ({ ...layer, descriptor: { ...layer.descriptor, mediaType } }));
	return { ...base, config: { ...base.config, bytes }, layers };
}

describe("makeImage", () => {
	test("makes an image of layers alone, which is written and read again", async () => {
		const layers = [layerOf("usr/", "usr/a"), { ...layerOf("usr/b"), createdBy: "a test" }];
		const image = makeImage({ platform, layers, created, config: { entrypoint: ["/usr/a"] } });
		expect(configIn(image)).toEqual({
			...platform,
			created: "2026-01-02T03:04:05.000Z",
			config: { Entrypoint: ["/usr/a"] },
			rootfs: { type: "layers", diff_ids: layers.map(({ diffId }) => diffId) },
			history: [
				{ created: "2026-01-02T03:04:05.000Z", created_by: "composefs" },
				{ created: "2026-01-02T03:04:05.000Z", created_by: "a test" },
			],
		});
		await copyImage(image, new LayoutDestination(temporary("layout")), { tag: "t" });
		const found = await (await openLayout(temporary("layout"))).resolve("t", { platform });
		expect(found.manifest.descriptor.digest).toBe(image.name);
		expect(found.config.value).toEqual(image.config.value);
		const tree = await pullImage(found, { store: new MemoryStore() });
		expect(tree.readdir("/usr")).toEqual(["a", "b"]);
	});

	test("puts layers over a base, of which the rest stays", async () => {
		const config = { config: { Cmd: ["sh"], Healthcheck: {} }, author: "somebody", "moby.future": [1] };
		const base = baseWith({ ...config, history: [{ created_by: "base" }, { empty_layer: true }] });
		const image = makeImage({ base, layers: [layerOf("usr/new")], config: { user: "5" } });
		expect(configIn(image)).toMatchObject({
			...config,
			config: { ...config.config, User: "5" },
			history: [{ created_by: "base" }, { empty_layer: true }, { created_by: "composefs" }],
		});
		expect(configIn(image).created).toBeUndefined();
		expect(image.config.value).toEqual({
			platform: base.config.value.platform,
			diffIds: image.layers.map(({ diffId }) => diffId),
		});
		const tree = await pullImage(image, { store: new MemoryStore() });
		expect(tree.readdir("/usr")).toEqual(["base", "new"]);
	});

	test("has the base's date in the history of its layers, unless there is another", () => {
		const base = baseWith({ created: "2025-01-01T00:00:00Z", history: [{ created_by: "base" }] });
		const added = (more?: Date) =>
			(configIn(makeImage({ base, layers: [layerOf("a")], created: more })) as { history: object[] })
				.history[1];
		expect(added()).toEqual({ created: "2025-01-01T00:00:00Z", created_by: "composefs" });
		expect(added(created)).toEqual({ created: "2026-01-02T03:04:05.000Z", created_by: "composefs" });
	});

	test.each<[string, unknown]>([
		["none", undefined],
		["null", null],
		["a short one", []],
		["a long one", [{}, {}]],
	])("leaves a history as it is that tells not of all layers: %s", (_title, history) => {
		const image = makeImage({ base: baseWith({ history }), layers: [layerOf("a")] });
		expect(configIn(image).history).toEqual(history);
	});

	test("gives what Docker's manifests call their own the specification's names", () => {
		const base = baseWith({}, MEDIA_TYPES.dockerLayer);
		const image = makeImage({ base, layers: [layerOf("a"), ...base.layers] });
		const { mediaType, config, layers } = manifestIn(image);
		expect([mediaType, config.mediaType]).toEqual([MEDIA_TYPES.manifest, MEDIA_TYPES.config]);
		expect(layers.map((layer: { mediaType: string }) => layer.mediaType)).toEqual([
			MEDIA_TYPES.layer,
			MEDIA_TYPES.layer,
			MEDIA_TYPES.layer,
		]);
		expect(layers[1].annotations).toEqual({ a: "1" });
	});

	test("takes no annotations from the base: a seal would be another image's", () => {
		const base = sealImage(baseWith({}), { merged: "ab".repeat(32) });
		expect(manifestIn(makeImage({ base })).annotations).toBeUndefined();
		const { annotations } = makeImage({
			base,
			annotations: new Map([
				["b", "2"],
				["a", "1"],
			]),
		}).manifest.value;
		expect([...annotations]).toEqual([
			["a", "1"],
			["b", "2"],
		]);
	});

	test("gives equal images for equal layers and options", () => {
		const make = (labels: Record<string, string>) =>
			makeImage({ base: baseWith({}), layers: [layerOf("a")], config: { labels }, created });
		expect(make({ a: "1", b: "2" }).name).toBe(make({ b: "2", a: "1" }).name);
		expect(make({ a: "1" }).name).not.toBe(make({ a: "2" }).name);
	});

	const { descriptor, diffId, blob } = layerOf("a");
	test.each<[string, unknown, string]>([
		["nothing", undefined, "platform"],
		["no platform", {}, "platform"],
		["a platform that is none", { platform: { os: "linux" } }, "platform"],
		["a platform beside a base", { base: imageOf([]), platform }, "platform"],
		["a layer without a blob", { platform, layers: [{ descriptor, diffId }] }, "layer"],
		[
			"a layer as a document has it",
			{ platform, layers: [{ descriptor: { ...descriptor, annotations: {} }, diffId, blob }] },
			"layer",
		],
		[
			"a blob that is no layer",
			{ platform, layers: [{ descriptor: { ...descriptor, mediaType: "text/plain" }, diffId, blob }] },
			"layer",
		],
		[
			"a createdBy of another type",
			{ platform, layers: [{ descriptor, diffId, blob, createdBy: 1 }] },
			"layer",
		],
		[
			"a createdBy with half a character",
			{ platform, layers: [{ descriptor, diffId, blob, createdBy: "\ud800" }] },
			"layer",
		],
		[
			"a size that JSON does not have",
			{ platform, layers: [{ descriptor: { ...descriptor, size: 5n }, diffId, blob }] },
			"layer",
		],
		["null for a layer", { platform, layers: [null] }, "layer"],
		["layers that are no list", { platform, layers: 5 }, "layer"],
		["a year that cannot be written", { platform, created: new Date(1e15) }, "created"],
		["no date", { platform, created: new Date("x") }, "created"],
		["a time as text", { platform, created: "2026-01-01" }, "created"],
		["annotations that are no texts", { platform, annotations: new Map([["a", 1]]) }, "annotations"],
		[
			"annotations that would be one",
			{
				platform,
				annotations: new Map([
					["\ud800", "1"],
					["\ud801", "2"],
				]),
			},
			"annotations",
		],
		["annotations that are no Map", { platform, annotations: { a: "1" } }, "annotations"],
		["a config that is none", { platform, config: { Cmd: ["a"] } }, "config"],
		["what belongs into config", { platform, entrypoint: ["/a"] }, "option"],
	])("refuses %s", (_title, options, rule) => {
		expect(() => makeImage(options as MakeImageOptions)).toThrow(
			expect.objectContaining({ code: "ERR_COMPOSEFS_ARGUMENT", rule }),
		);
	});

	test("refuses a base with a number that would become another one", () => {
		const base = baseWith({ config: { Healthcheck: { Interval: 0 } } });
		const text = Buffer.from(base.config.bytes).toString();
		const large = text.replace('"Interval":0', '"Interval":9223372036854775807');
		const config = { ...base.config, bytes: Buffer.from(large) };
		expect(() => makeImage({ base: { ...base, config } })).toThrow(
			expect.objectContaining({ code: "ERR_COMPOSEFS_OCI", rule: "document" }),
		);
	});

	test("refuses what is no digest, and documents that nobody would read", () => {
		const fails = (options: MakeImageOptions) => {
			try {
				return makeImage(options);
			} catch (error) {
				return error;
			}
		};
		const wrong = { descriptor, blob, diffId: "sha256:x" };
		expect(fails({ platform, layers: [wrong] })).toMatchObject({ code: "ERR_COMPOSEFS_OCI", rule: "digest" });
		expect(fails({ platform, annotations: new Map([["a", "x".repeat(1 << 22)]]) })).toMatchObject({
			code: "ERR_COMPOSEFS_OCI",
			rule: "document-size",
			limit: 1 << 22,
		});
	});
});
