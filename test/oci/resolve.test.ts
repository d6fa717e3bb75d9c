import { describe, expect, test } from "@jest/globals";
import { MEDIA_TYPES } from "../../src/media-types.ts";
import { readIndex, readManifest, resolveAmong, resolveImage } from "../../src/oci/resolve.ts";
import { descriptor, MemoryLayout, type RawDescriptor, sha256 } from "../support/layouts.ts";

const layer = Buffer.from("a tar");
const amd64 = { os: "linux", architecture: "amd64" };
const arm64 = { os: "linux", architecture: "arm64" };

function layout() {
	const blobs = new MemoryLayout();
	const image = (platform: object, label = "") => ({
		...blobs.image([{ bytes: layer }], { config: { ...platform, author: label } }),
		platform,
	});
	return { blobs, image };
}

/** An entry that does not say what it is for. */
function unnamed({ platform: _, ...entry }: RawDescriptor): RawDescriptor {
	return entry;
}

describe("a manifest", () => {
	test("becomes an image with its layers, unread", async () => {
		const { blobs, image } = layout();
		const entry = image(amd64);
		const resolved = await resolveImage(blobs, descriptor(entry));
		expect(resolved.manifest.descriptor).toEqual(descriptor(entry));
		expect(resolved.config.value).toMatchObject({ platform: amd64, diffIds: [sha256(layer)] });
		expect(JSON.parse(Buffer.from(resolved.config.bytes).toString())).toMatchObject(amd64);
		expect(resolved.layers).toHaveLength(1);
		expect(resolved.layers[0]).toMatchObject({ diffId: sha256(layer), descriptor: { size: layer.length } });
		expect(await resolved.layers[0]?.blob.size()).toBe(layer.length);
	});

	test("suits a platform only where one is asked for", async () => {
		const { blobs, image } = layout();
		const entry = descriptor(image({ os: "linux", architecture: "s390x" }));
		expect((await resolveImage(blobs, entry)).config.value.platform.architecture).toBe("s390x");
		await expect(resolveImage(blobs, entry, { platform: amd64 })).rejects.toMatchObject({
			code: "ERR_COMPOSEFS_OCI",
			rule: "platform",
			message: expect.stringContaining("is for linux/s390x, not for linux/amd64"),
		});
	});

	test.each<[string, string, (blobs: MemoryLayout) => RawDescriptor]>([
		[
			"an artifact",
			"media-type",
			(blobs) => blobs.image([], { manifest: { config: blobs.add({}, MEDIA_TYPES.empty) } }),
		],
		["something else", "media-type", (blobs) => blobs.add({}, "text/html")],
		[
			"fewer diff_ids than layers",
			"layer-count",
			(blobs) => blobs.image([{ bytes: layer }], { config: { rootfs: { type: "layers", diff_ids: [] } } }),
		],
		[
			"more diff_ids than layers",
			"layer-count",
			(blobs) => blobs.image([], { config: { rootfs: { type: "layers", diff_ids: [sha256(layer)] } } }),
		],
		[
			"encrypted layers",
			"layer-type",
			(blobs) => blobs.image([{ bytes: layer, mediaType: `${MEDIA_TYPES.layerGzip}+encrypted` }]),
		],
		["more bytes than a document has", "document-size", (blobs) => ({ ...blobs.image([]), size: 100 << 20 })],
		[
			"a config of too many bytes",
			"document-size",
			(blobs) =>
				blobs.image([], { manifest: { config: { ...blobs.add({}, MEDIA_TYPES.config), size: 5 << 20 } } }),
		],
		["HTML", "json", (blobs) => blobs.add(Buffer.from("<html>"), MEDIA_TYPES.manifest)],
	])("that is %s is refused", async (_title, rule, make) => {
		const blobs = new MemoryLayout();
		await expect(resolveImage(blobs, descriptor(make(blobs)))).rejects.toMatchObject({
			code: "ERR_COMPOSEFS_OCI",
			rule,
		});
	});

	test("is checked against its descriptor, and its config too", async () => {
		const { blobs, image } = layout();
		const entry = descriptor(image(amd64));
		await expect(resolveImage(blobs, { ...entry, size: entry.size + 1 })).rejects.toMatchObject({
			code: "ERR_COMPOSEFS_BLOB",
		});
		await expect(resolveImage(blobs, { ...entry, size: entry.size - 1 })).rejects.toMatchObject({
			code: "ERR_COMPOSEFS_BLOB",
		});
		const { config } = (await resolveImage(blobs, entry)).manifest.value;
		const file = `blobs/${config.digest.replace(":", "/")}`;
		const damaged = Buffer.from(blobs.files.get(file) as Uint8Array);
		damaged[3] = 0x21;
		blobs.files.set(file, damaged);
		await expect(resolveImage(blobs, entry)).rejects.toMatchObject({
			code: "ERR_COMPOSEFS_DIGEST",
			expected: config.digest,
		});
	});
});

describe("an index", () => {
	const authorOf = async (blobs: MemoryLayout, index: RawDescriptor, platform = amd64) => {
		const { config } = await resolveImage(blobs, descriptor(index), { platform });
		return JSON.parse(Buffer.from(config.bytes).toString()).author;
	};

	test("gives the image that suits best, of equals the first", async () => {
		const { blobs, image } = layout();
		const attestation = { ...blobs.addIndex([]), platform: { os: "unknown", architecture: "unknown" } };
		const entries = [
			attestation,
			image(arm64, "arm"),
			image({ ...amd64, variant: "v3" }, "v3"),
			image(amd64, "first"),
			image(amd64, "second"),
		];
		const index = blobs.addIndex(entries);
		expect(await authorOf(blobs, index)).toBe("first");
		expect(await authorOf(blobs, index, arm64)).toBe("arm");
		expect(await authorOf(blobs, blobs.addIndex(entries.slice(0, 3)))).toBe("v3");
	});

	test("may have indexes in it, and entries without a platform: their configs are asked, in order", async () => {
		const { blobs, image } = layout();
		const { platform: _none, ...unnamed } = image(amd64, "unnamed");
		const artifact = blobs.image([], { manifest: { config: blobs.add({}, MEDIA_TYPES.empty) } });
		const nested = blobs.addIndex([image(arm64, "arm")]);
		const index = blobs.addIndex([artifact, nested, unnamed]);
		expect([await authorOf(blobs, index), await authorOf(blobs, index, arm64)]).toEqual(["unnamed", "arm"]);
		expect(await authorOf(blobs, blobs.addIndex([unnamed, image(amd64, "named")]))).toBe("named");
	});

	test("bug: an attestation without a platform kept an index's images from being found", async () => {
		const { blobs, image } = layout();
		const mediaType = "application/vnd.in-toto+json";
		const config = { os: "unknown", architecture: "unknown" };
		const attestation = blobs.image([{ bytes: Buffer.from("{}"), mediaType }], { config });
		expect(await authorOf(blobs, blobs.addIndex([attestation, unnamed(image(amd64, "image"))]))).toBe(
			"image",
		);
	});

	test("that has no suitable image says what it has", async () => {
		const { blobs, image } = layout();
		const index = blobs.addIndex([image(arm64), blobs.add({}, "text/plain")]);
		await expect(resolveImage(blobs, descriptor(index), { platform: amd64 })).rejects.toMatchObject({
			rule: "platform",
			message: "layout: has no image for linux/amd64, only for linux/arm64",
		});
		await expect(resolveAmong(blobs, [])).rejects.toMatchObject({ rule: "platform" });
	});

	test("bug: an index that names another one ten thousand times was read ten thousand times", async () => {
		const { blobs, image } = layout();
		let index: RawDescriptor = unnamed(image(arm64));
		for (let depth = 0; depth < 3; depth++) index = blobs.addIndex(Array.from({ length: 1000 }, () => index));
		const refused = resolveImage(blobs, descriptor(index), { platform: amd64 });
		await expect(refused).rejects.toMatchObject({ rule: "platform" });
	});

	test("is not searched for ever", async () => {
		const { blobs, image } = layout();
		const others = Array.from({ length: 1001 }, (_, n) => unnamed(image(arm64, `${n}`)));
		const refused = resolveImage(blobs, descriptor(blobs.addIndex(others)), { platform: amd64 });
		await expect(refused).rejects.toMatchObject({ rule: "index-size", limit: 1000 });
	});

	test("is not followed for ever", async () => {
		const { blobs, image } = layout();
		let index: RawDescriptor = image(amd64);
		for (let depth = 0; depth < 4; depth++) index = blobs.addIndex([index]);
		expect(await authorOf(blobs, index)).toBe("");
		await expect(
			resolveImage(blobs, descriptor(blobs.addIndex([index])), { platform: amd64 }),
		).rejects.toMatchObject({ rule: "index-depth" });
	});
});

test("documents can be read by themselves", async () => {
	const { blobs, image } = layout();
	const entry = image(amd64);
	expect((await readManifest(blobs, descriptor(entry))).value.layers).toHaveLength(1);
	expect((await readIndex(blobs, descriptor(blobs.addIndex([entry])))).value.manifests).toHaveLength(1);
});

test("a signal stops it", async () => {
	const { blobs, image } = layout();
	const signal = AbortSignal.abort(new Error("enough"));
	await expect(resolveImage(blobs, descriptor(image(amd64)), { signal })).rejects.toThrow("enough");
});
