import { describe, expect, test } from "@jest/globals";
import { AnnotationMap } from "../../src/descriptor.ts";
import { MEDIA_TYPES } from "../../src/media-types.ts";
import { parseConfig, parseIndex, parseManifest } from "../../src/oci/documents.ts";

const digest = `sha256:${"ab".repeat(32)}`;
const descriptor = { mediaType: MEDIA_TYPES.layer, digest, size: 5 };
const plain = {
	...descriptor,
	annotations: new AnnotationMap(),
	platform: undefined,
	artifactType: undefined,
};
const bytes = (document: object) => Buffer.from(JSON.stringify(document));
const options = { name: "doc" };
const manifest = { schemaVersion: 2, config: descriptor, layers: [descriptor] };

describe("an index", () => {
	test("has its entries, platforms and annotations", () => {
		const platform = { os: "linux", architecture: "arm64", variant: "v8", "os.version": "1", features: [] };
		const entries = [{ ...descriptor, platform, annotations: { a: "b", __proto__: null } }];
		const index = parseIndex(
			bytes({
				schemaVersion: 2,
				manifests: entries,
				annotations: { c: "d" },
				subject: descriptor,
				artifactType: "x",
			}),
			options,
		);
		expect(index).toEqual({
			mediaType: MEDIA_TYPES.index,
			manifests: [
				{
					...plain,
					platform: { os: "linux", architecture: "arm64", variant: "v8" },
					annotations: new AnnotationMap([["a", "b"]]),
				},
			],
			annotations: new AnnotationMap([["c", "d"]]),
			subject: plain,
			artifactType: "x",
		});
	});

	test("may be Docker's", () => {
		const mediaType = MEDIA_TYPES.dockerManifestList;
		expect(parseIndex(bytes({ schemaVersion: 2, mediaType, manifests: [] }), options).mediaType).toBe(
			mediaType,
		);
	});
});

test("a manifest has its config and layers", () => {
	expect(parseManifest(bytes(manifest), options)).toEqual({
		mediaType: MEDIA_TYPES.manifest,
		config: plain,
		layers: [plain],
		annotations: new AnnotationMap(),
		subject: undefined,
		artifactType: undefined,
	});
	expect(
		parseManifest(bytes(manifest), { ...options, mediaType: MEDIA_TYPES.dockerManifest }).mediaType,
	).toBe(MEDIA_TYPES.dockerManifest);
});

test("a config has its platform and diff_ids", () => {
	const config = {
		os: "linux",
		architecture: "amd64",
		variant: "",
		rootfs: { type: "layers", diff_ids: [digest] },
		config: { Env: [] },
	};
	expect(parseConfig(bytes(config), options)).toEqual({
		platform: { os: "linux", architecture: "amd64", variant: undefined },
		diffIds: [digest],
	});
	const none = { ...config, rootfs: { type: "layers", diff_ids: null } };
	expect(parseConfig(bytes(none), options).diffIds).toEqual([]);
});

describe("refused", () => {
	test.each<[string, object, string]>([
		["another schema version", { ...manifest, schemaVersion: 1 }, "doc: schemaVersion is not 2"],
		["no schema version", { ...manifest, schemaVersion: undefined }, "doc: schemaVersion is missing"],
		[
			"a manifest that is an index too",
			{ ...manifest, manifests: [] },
			"doc: manifests is not of a manifest",
		],
		["another type", { ...manifest, mediaType: "text/html" }, "doc: mediaType text/html is no manifest"],
		["no config", { ...manifest, config: undefined }, "doc: config is no object"],
		["layers that are none", { ...manifest, layers: [7] }, "doc: layers[0] is no object"],
		[
			"a size below 0",
			{ ...manifest, layers: [{ ...descriptor, size: -1 }] },
			"doc: layers[0].size is no size",
		],
		[
			"annotations that are no strings",
			{ ...manifest, annotations: { a: 1 } },
			'doc: annotations["a"] is no string',
		],
	])("%s", (_title, document, message) => {
		expect(() => parseManifest(bytes(document), options)).toThrow(
			expect.objectContaining({ code: "ERR_COMPOSEFS_OCI", rule: "document", message }),
		);
	});

	test("a digest that could be a path", () => {
		const document = { ...manifest, layers: [{ ...descriptor, digest: "sha256:../../../etc/passwd" }] };
		expect(() => parseManifest(bytes(document), options)).toThrow(
			expect.objectContaining({ rule: "digest" }),
		);
	});

	test("a manifest whose descriptor says that it is something else", () => {
		const document = bytes({ ...manifest, mediaType: MEDIA_TYPES.manifest });
		expect(() => parseManifest(document, { ...options, mediaType: MEDIA_TYPES.dockerManifest })).toThrow(
			/mediaType is .* and its descriptor says/,
		);
	});

	test("an index that is a manifest too", () => {
		const document = { schemaVersion: 2, manifests: [], layers: [] };
		expect(() => parseIndex(bytes(document), options)).toThrow("doc: layers is not of an index");
		expect(() => parseIndex(bytes(manifest), { ...options, mediaType: MEDIA_TYPES.manifest })).toThrow(
			"is no index",
		);
	});

	test.each<[object, string]>([
		[{ os: "linux", architecture: "amd64" }, "rootfs is no object"],
		[
			{ os: "linux", architecture: "amd64", rootfs: { type: "other", diff_ids: [] } },
			"rootfs.type is not layers",
		],
		[{ architecture: "amd64", rootfs: { type: "layers", diff_ids: [] } }, "os is missing"],
		[{ os: "linux", architecture: "amd64", rootfs: { type: "layers", diff_ids: ["x"] } }, '"x" is no sha256'],
	])("the config %j", (document, problem) => {
		expect(() => parseConfig(bytes(document), options)).toThrow(problem);
	});
});
