import { gzipSync } from "node:zlib";
import { describe, expect, test } from "@jest/globals";
import { bytesBlob, fileBlob } from "../../src/blob.ts";
import { MEDIA_TYPES } from "../../src/media-types.ts";
import { copyImage } from "../../src/oci/copy/copy.ts";
import { LayoutDestination } from "../../src/oci/copy/layout-destination.ts";
import { describeLayer } from "../../src/oci/describe-layer.ts";
import { openLayout } from "../../src/oci/layout.ts";
import { makeImage } from "../../src/oci/make-image.ts";
import { pullImage } from "../../src/oci/pull.ts";
import { compress } from "../../src/zstd-encode.ts";
import { MemoryStore } from "../support/memory-store.ts";
import { sha256 } from "../support/oci-image.ts";
import { plainTar } from "../support/plain-tar.ts";
import { stuckAfter } from "../support/stuck.ts";
import { useTemporaryFolder } from "../support/temporary.ts";

const temporary = useTemporaryFolder();
const archive = plainTar("usr/", "usr/a");

async function zstd(bytes: Uint8Array): Promise<Buffer> {
	const pieces: Uint8Array[] = [];
	for await (const piece of compress([bytes])) pieces.push(piece);
	return Buffer.concat(pieces);
}

/** Byte by byte: nothing is known of where pieces end. */
function inBytes(bytes: Uint8Array) {
	return {
		...bytesBlob(bytes, "layer"),
		read: async function* () {
			for (const byte of bytes) yield Uint8Array.of(byte);
		},
	};
}

describe("describeLayer", () => {
	test.each([
		["plain", MEDIA_TYPES.layer, async () => archive],
		["gzip", MEDIA_TYPES.layerGzip, async () => gzipSync(archive)],
		["zstd", MEDIA_TYPES.layerZstd, async () => zstd(archive)],
	])("tells what a %s layer is", async (_name, mediaType, make) => {
		const bytes = await make();
		for (const blob of [bytesBlob(bytes, "layer"), inBytes(bytes)])
			expect(await describeLayer(blob)).toEqual({
				descriptor: { mediaType, digest: sha256(bytes), size: bytes.length, annotations: new Map() },
				diffId: sha256(archive),
				blob,
			});
	});

	test("what stands behind the archive's end counts", async () => {
		const bytes = Buffer.concat([archive, Buffer.alloc(100_000), Buffer.from("more")]);
		const { descriptor, diffId } = await describeLayer(bytesBlob(gzipSync(bytes)));
		expect(descriptor.size).toBe(gzipSync(bytes).length);
		expect(diffId).toBe(sha256(bytes));
	});

	test("an image of such layers is written, and pulled again", async () => {
		const blobs = [gzipSync(archive), await zstd(plainTar("usr/b"))];
		const layers = await Promise.all(blobs.map((bytes) => describeLayer(bytesBlob(bytes))));
		const image = makeImage({ platform: { os: "linux", architecture: "amd64" }, layers });
		await copyImage(image, new LayoutDestination(temporary("layout")));
		const found = await (await openLayout(temporary("layout"))).resolve();
		const tree = await pullImage(found, { store: new MemoryStore() });
		expect(tree.readdir("/usr")).toEqual(["a", "b"]);
	});

	test.each([
		["no archive", Buffer.alloc(2000, "text"), "ERR_COMPOSEFS_TAR"],
		["a cut archive", archive.subarray(0, 700), "ERR_COMPOSEFS_TAR"],
		["cut gzip", gzipSync(archive).subarray(0, -9), "ERR_COMPOSEFS_BLOB"],
		["compressed text", gzipSync("some text"), "ERR_COMPOSEFS_TAR"],
	])("refuses %s, by the blob's name", async (_name, bytes, code) => {
		await expect(describeLayer(bytesBlob(bytes, "a blob"))).rejects.toMatchObject({
			code,
			message: expect.stringMatching(/^a blob: /),
		});
	});

	test("reads no more than the limit of a layer", async () => {
		const bomb = gzipSync(Buffer.concat([archive, Buffer.alloc(2 ** 24)]));
		await expect(describeLayer(bytesBlob(bomb), { limits: { layerSize: 2 ** 20 } })).rejects.toMatchObject({
			code: "ERR_COMPOSEFS_BLOB",
			rule: "output-limit",
		});
	});

	test("gives the errors of the blob, and the signal's reason", async () => {
		await expect(describeLayer(fileBlob(temporary("missing")))).rejects.toMatchObject({ code: "ENOENT" });
		const controller = new AbortController();
		const reason = new Error("enough");
		const read = () => stuckAfter([archive.subarray(0, 100)], () => controller.abort(reason));
		const described = describeLayer({ ...bytesBlob(archive), read }, { signal: controller.signal });
		await expect(described).rejects.toBe(reason);
	});
});
