import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { computeDigest } from "../../../src/digest.ts";
import { copyImage } from "../../../src/oci/copy/copy.ts";
import { RegistryClient } from "../../../src/oci/registry/client.ts";
import { makeSealArtifact, putSealArtifact, SEAL_ARTIFACT_TYPE } from "../../../src/oci/sealing/artifact.ts";
import { computeSeal } from "../../../src/oci/sealing/compute.ts";
import { findSeals } from "../../../src/oci/sealing/find.ts";
import { sealImage } from "../../../src/oci/sealing/inline.ts";
import { compareSeals, verifySeal } from "../../../src/oci/sealing/verify.ts";
import { Tree } from "../../../src/tree.ts";
import { writeImage } from "../../../src/write.ts";
import { type RunningRegistry, startRegistry } from "../../support/docker-registry.ts";
import { describeIf, findProgram } from "../../support/needs.ts";
import { imageOf } from "../../support/oci-image.ts";

const image = imageOf([Buffer.from("one"), Buffer.from("two")]);

function treeWith(name: string): Tree {
	const tree = new Tree();
	tree.mkdir("/usr");
	tree.writeFile(`/usr/${name}`, Buffer.from(name));
	return tree;
}

const trees = {
	merged: treeWith("merged"),
	bootable: treeWith("boot"),
	layers: [treeWith("one"), treeWith("two")],
};

describe("a seal", () => {
	test("has the digests of images of version 1, and of the documents", async () => {
		const { digest, image: written } = await writeImage(trees.merged, { minVersion: 1 });
		const seal = await computeSeal(image, trees);
		expect(seal.merged).toBe(digest);
		expect(await computeDigest(written ?? new Uint8Array(0))).toBe(digest);
		expect(seal.merged).not.toBe((await writeImage(trees.merged)).digest);
		expect(seal.config).toBe(await computeDigest(image.config.bytes));
		expect(seal.manifest).toBe(await computeDigest(image.manifest.bytes));
		expect(seal.layers).toHaveLength(2);
	});

	test("in a manifest is verified", async () => {
		const seal = await computeSeal(image, trees);
		const sealed = sealImage(image, seal);
		await expect(verifySeal(sealed, trees)).resolves.toMatchObject({
			merged: seal.merged,
			layers: seal.layers,
		});
		// Less may be sealed than there is.
		await verifySeal(sealImage(image, { merged: seal.merged }), trees);
	});

	test.each([
		[
			"another merged tree",
			{ ...trees, merged: treeWith("x") },
			"ERR_COMPOSEFS_DIGEST",
			"composefs.merged.erofs.v1.fsverity-sha256-12",
		],
		[
			"another layer",
			{ ...trees, layers: [treeWith("one"), treeWith("x")] },
			"ERR_COMPOSEFS_DIGEST",
			"composefs.layer.erofs.v1.fsverity-sha256-12",
		],
		["no layers to compare", { ...trees, layers: undefined }, "ERR_COMPOSEFS_SEAL", "seal-missing"],
		["no tree for booting", { ...trees, bootable: undefined }, "ERR_COMPOSEFS_SEAL", "seal-missing"],
		["too few layers", { ...trees, layers: [treeWith("one")] }, "ERR_COMPOSEFS_SEAL", "seal-layers"],
	])("against %s fails", async (_title, others, code, rule) => {
		const sealed = sealImage(image, await computeSeal(image, trees));
		await expect(verifySeal(sealed, others)).rejects.toMatchObject({ code, rule });
	});

	test("against another config fails", async () => {
		const sealed = sealImage(image, await computeSeal(image, trees));
		const config = { ...sealed.config, bytes: Buffer.from("{}") };
		await expect(verifySeal({ ...sealed, config }, trees)).rejects.toMatchObject({
			code: "ERR_COMPOSEFS_DIGEST",
		});
	});

	test("that is not there is an error", async () => {
		await expect(verifySeal(image, trees)).rejects.toMatchObject({
			code: "ERR_COMPOSEFS_SEAL",
			rule: "unsealed",
		});
	});

	test("beside the image covers the manifest too", async () => {
		const { layers: _layers, ...seal } = await computeSeal(image, trees);
		await expect(verifySeal(image, trees, { seal })).resolves.toBe(seal);
		const changed = sealImage(image, { merged: seal.merged });
		await expect(verifySeal(changed, trees, { seal })).rejects.toMatchObject({
			rule: "composefs.manifest.fsverity-sha256-12",
		});
	});

	test("says which digest is not what it should be", () => {
		const [expected, actual] = ["a".repeat(64), "b".repeat(64)];
		expect(() => compareSeals("here", { merged: expected }, { merged: actual })).toThrow(
			expect.objectContaining({
				expected,
				actual,
				message: expect.stringMatching(/^here: composefs\.merged/),
			}),
		);
	});

	test("ends with the signal", async () => {
		const signal = AbortSignal.abort(new Error("enough"));
		await expect(computeSeal(image, trees, { signal })).rejects.toThrow("enough");
	});
});

describeIf("in a registry", findProgram("docker-registry"), "docker-registry is not on PATH", (program) => {
	let registry: RunningRegistry;
	beforeAll(async () => {
		registry = await startRegistry(program, { auth: "open" });
	});
	afterAll(() => registry.close());

	test("a sealed image and an artifact are pushed, and found by the image's digest", async () => {
		const client = new RegistryClient({ plainHttp: "loopback", credentials: async () => undefined });
		const repository = client.repository(`${registry.host}/some/image`);
		const seal = await computeSeal(image, trees);
		const sealed = sealImage(image, seal);
		await copyImage(sealed, repository, { tag: "sealed" });
		expect((await repository.manifest("sealed")).digest).toBe(sealed.manifest.descriptor.digest);

		await copyImage(image, repository, { tag: "plain" });
		const { digest } = image.manifest.descriptor;
		expect(await repository.referrers(digest, SEAL_ARTIFACT_TYPE)).toEqual([]);
		const artifact = makeSealArtifact(image, seal);
		for (let i = 0; i < 2; i++) await putSealArtifact(artifact, repository);
		await putSealArtifact(makeSealArtifact(image, { merged: seal.merged }), repository);
		const found = await repository.referrers(digest, SEAL_ARTIFACT_TYPE);
		expect(found).toHaveLength(2);
		expect(found[0]).toMatchObject({ digest: artifact.descriptor.digest, size: artifact.bytes.length });
		expect(await repository.referrers(digest, "application/other")).toEqual([]);
		const seals = await findSeals(repository, found, digest);
		expect(seals).toEqual([{ ...seal, layers: undefined }, { merged: seal.merged }]);
		await verifySeal(await repository.resolve("plain"), trees, { seal: seals[0] });
		const { bytes } = await repository.manifest(found[0]?.digest);
		expect(bytes.equals(Buffer.from(artifact.bytes))).toBe(true);
	});
});
