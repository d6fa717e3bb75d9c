import { expect, test } from "@jest/globals";
import {
	isConfigType,
	isIndexType,
	isLayerType,
	isManifestType,
	MEDIA_TYPES,
	ociLayerType,
} from "../src/media-types.ts";

test("each media type is one thing at most", () => {
	const kinds = [isConfigType, isIndexType, isLayerType, isManifestType];
	const counts = Object.values(MEDIA_TYPES).map((type) => kinds.filter((is) => is(type)).length);
	expect(counts.filter((count) => count === 0)).toHaveLength(1); // the empty config
	expect(Math.max(...counts)).toBe(1);
});

test("what is no tar in the clear is no layer", () => {
	for (const type of [
		"",
		"text/html",
		`${MEDIA_TYPES.layerGzip}+encrypted`,
		"application/vnd.cncf.helm.chart",
	])
		expect(isLayerType(type)).toBe(false);
	expect(isLayerType("application/vnd.docker.image.rootfs.foreign.diff.tar.gzip")).toBe(true);
});

test("Docker's layers have names of the image specification, which are layers, too", () => {
	const { layer, layerGzip, layerZstd, dockerLayer, dockerLayerGzip, dockerLayerZstd } = MEDIA_TYPES;
	const found = [layer, dockerLayer, dockerLayerGzip, dockerLayerZstd].map(ociLayerType);
	expect(found).toEqual([layer, layer, layerGzip, layerZstd]);
	expect(ociLayerType("application/vnd.docker.image.rootfs.foreign.diff.tar.gzip")).toBe(layerGzip);
});
