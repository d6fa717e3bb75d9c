import { describe, expect, test } from "@jest/globals";
import * as oci from "../../src/oci/index.ts";
import * as toc from "../../src/toc/index.ts";
import { Tree } from "../../src/tree.ts";
import { imageOf } from "../support/oci-image.ts";
import { plainTar } from "../support/plain-tar.ts";
import { useTemporaryFolder } from "../support/temporary.ts";

const temporary = useTemporaryFolder();
const image = imageOf([plainTar("usr/")]);
const tree = new Tree();
const wrong = [undefined, null, {}, [], 5, "text"];

/** As a program without types calls it. */
type Call = (wrong: never) => unknown;

const calls: Record<string, Call> = {
	"blob of readToc": (blob) => toc.readToc(blob),
	"blob of locateToc": (blob) => toc.locateToc(blob),
	"bytes of bytesBlob": (bytes) => toc.bytesBlob(bytes),
	"blob of verifiedBlob": (blob) => oci.verifiedBlob(blob, image.manifest.descriptor.digest, 1),
	"blob of describeLayer": (blob) => oci.describeLayer(blob),
	"image of cachedImage": (wrong) => oci.cachedImage(wrong, temporary("cache")),
	"image of forgetCached": (wrong) => oci.forgetCached(wrong, temporary("cache")),
	"image of copyImage": (wrong) => oci.copyImage(wrong, new oci.LayoutDestination(temporary("layout"))),
	"destination of copyImage": (wrong) => oci.copyImage(image, wrong),
	"image of pullImage": (wrong) => oci.pullImage(wrong, { store: {} as never }),
	"image of planPull": (wrong) => oci.planPull(wrong, { store: {} as never }),
	"blobs of resolveImage": (wrong) => oci.resolveImage(wrong, image.manifest.descriptor),
	"descriptor of resolveImage": (wrong) => oci.resolveImage({ name: "x", blob: () => wrong }, wrong),
	"tree of applyLayer": (wrong) => oci.applyLayer(wrong, []),
	"trees of diffLayer": (wrong) => oci.diffLayer(wrong, wrong),
	"image of computeSeal": (wrong) => oci.computeSeal(wrong, { merged: tree }),
	"trees of computeSeal": (wrong) => oci.computeSeal(image, wrong),
	"image of sealImage": (wrong) => oci.sealImage(wrong, { merged: "0".repeat(64) }),
	"seal of sealImage": (wrong) => oci.sealImage(image, wrong),
	"image of readInlineSeal": (wrong) => oci.readInlineSeal(wrong),
	"image of makeSealArtifact": (wrong) => oci.makeSealArtifact(wrong, { merged: "0".repeat(64) }),
	"seal of makeSealArtifact": (wrong) => oci.makeSealArtifact(image, wrong),
	"seals of compareSeals": (wrong) => oci.compareSeals("x", wrong, wrong),
};

describe("what is no such thing is refused as an argument", () => {
	test.each(Object.entries(calls))("%s", async (_name, call) => {
		for (const value of wrong)
			await expect((async () => call(value as never))()).rejects.toMatchObject({
				name: "ComposefsError",
				code: "ERR_COMPOSEFS_ARGUMENT",
			});
	});

	test("entries of a layer", async () => {
		for (const value of [undefined, null, {}, 5])
			for (const work of [oci.readLayer, oci.layerTree, (layer: never) => oci.applyLayer(tree, layer)])
				await expect(work(value as never)).rejects.toMatchObject({ code: "ERR_COMPOSEFS_ARGUMENT" });
		await expect(oci.layerTree([], { lower: {} as Tree })).rejects.toMatchObject({
			code: "ERR_COMPOSEFS_ARGUMENT",
		});
	});

	test.each([
		undefined,
		5,
		{},
		{ name: "a" },
		{ name: "a", inode: {} },
		{ inode: tree.root },
		{ name: "a", linkName: 5 },
	])("bug: an entry %j of a layer was a TypeError", async (entry) => {
		await expect(oci.applyLayer(tree, [entry as never])).rejects.toMatchObject({
			code: "ERR_COMPOSEFS_ARGUMENT",
		});
	});

	test("a seal of misspelt names, which would verify nothing", async () => {
		const seal = { mergd: "0".repeat(64) } as never;
		await expect(oci.verifySeal(image, { merged: tree }, { seal })).rejects.toMatchObject({
			code: "ERR_COMPOSEFS_ARGUMENT",
			rule: "seal",
		});
	});
});
