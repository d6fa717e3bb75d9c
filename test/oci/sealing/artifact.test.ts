import { describe, expect, test } from "@jest/globals";
import type { Descriptor, Manifest } from "../../../src/oci/image.ts";
import {
	makeSealArtifact,
	readSealArtifact,
	SEAL_ARTIFACT_TYPE,
	type SealArtifact,
} from "../../../src/oci/sealing/artifact.ts";
import { SEAL_KEYS, type Seal } from "../../../src/oci/sealing/seal.ts";
import { describeBytes, imageOf, sha256 } from "../../support/oci-image.ts";

const digest = (fill: string) => fill.repeat(64);
const seal: Seal = {
	manifest: digest("a"),
	config: digest("b"),
	merged: digest("c"),
	bootable: digest("d"),
	layers: [],
};
const image = imageOf([Buffer.from("one")]);
const subject = image.manifest.descriptor.digest;

/** What a reader of manifests makes of one. */
function parsed({ bytes }: SealArtifact): Manifest {
	const revive = (entry: Record<string, unknown>) =>
		({
			...entry,
			annotations: new Map(Object.entries((entry.annotations ?? {}) as object)),
		}) as unknown as Descriptor;
	const document = JSON.parse(bytes.toString());
	const { config, layers } = document;
	return { ...document, annotations: new Map(), config: revive(config), layers: layers.map(revive) };
}

describe("an artifact", () => {
	test("is what the specification shows", () => {
		const artifact = makeSealArtifact(image, seal);
		const document = JSON.parse(artifact.bytes.toString());
		expect(document).toMatchObject({
			schemaVersion: 2,
			mediaType: "application/vnd.oci.image.manifest.v1+json",
			artifactType: "application/vnd.composefs.metadata.v1",
			config: {
				mediaType: "application/vnd.oci.empty.v1+json",
				digest: "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a",
				size: 2,
			},
			subject: {
				mediaType: image.manifest.descriptor.mediaType,
				digest: subject,
				size: image.manifest.bytes.length,
			},
		});
		expect(document.layers.map(({ annotations }: { annotations: object }) => annotations)).toEqual([
			{ "composefs.manifest.fsverity-sha256-12": digest("a") },
			{ "composefs.config.fsverity-sha256-12": digest("b") },
			{ "composefs.merged.erofs.v1.fsverity-sha256-12": digest("c") },
			{ "composefs.merged.bootable.erofs.v1.fsverity-sha256-12": digest("d") },
		]);
		expect(artifact.descriptor.digest).toBe(sha256(artifact.bytes));
		const { layers: _layers, ...others } = seal;
		expect(readSealArtifact("artifact", parsed(artifact), subject)).toEqual(others);
	});

	test("carries signatures as blobs", () => {
		const signature = Buffer.from("DER");
		const signatures = { manifest: signature, config: signature, merged: signature };
		const { layers } = JSON.parse(makeSealArtifact(image, seal, signatures).bytes.toString());
		expect(layers.map(({ mediaType }: Descriptor) => mediaType)).toEqual([
			...Array(3).fill("application/vnd.composefs.signature.v1+pkcs7"),
			"application/vnd.oci.empty.v1+json",
		]);
		expect(layers[0]).toMatchObject({ digest: sha256(signature), size: 3 });
	});

	test.each([
		["of the merged image alone", seal, { merged: Buffer.from("x") }],
		["of what has no digest", { merged: seal.merged }, { manifest: Buffer.from("x") }],
	])("is not made with a signature %s", (_title, wrong, signatures) => {
		expect(() => makeSealArtifact(image, wrong, signatures)).toThrow(
			expect.objectContaining({ rule: "seal-signature" }),
		);
	});

	const entry = (key: string, value: string): Descriptor => ({
		...describeBytes(Buffer.from("{}")),
		annotations: new Map([[key, value]]),
	});
	const manifest = (layers: Descriptor[], extra: Partial<Manifest> = {}): Manifest => ({
		...image.manifest.value,
		artifactType: SEAL_ARTIFACT_TYPE,
		subject: image.manifest.descriptor,
		layers,
		...extra,
	});
	const merged = entry(SEAL_KEYS.merged, digest("c"));
	const config = entry(SEAL_KEYS.config, digest("b"));

	test.each<[string, Manifest, string]>([
		["of another type", manifest([merged], { artifactType: "x" }), "seal-artifact"],
		["for another image", manifest([merged], { subject: describeBytes(Buffer.from("x")) }), "seal-subject"],
		["for none", manifest([merged], { subject: undefined }), "seal-subject"],
		["in another order", manifest([merged, config]), "seal-order"],
		["with a role twice", manifest([merged, merged]), "seal-order"],
		["without the merged image", manifest([config]), "seal-merged"],
		["with nothing", manifest([]), "seal-merged"],
		[
			"of another algorithm",
			manifest([entry("composefs.merged.erofs.v1.fsverity-sha512-12", "x")]),
			"seal-algorithm",
		],
	])("%s is refused", (_title, wrong, rule) => {
		expect(() => readSealArtifact("artifact", wrong, subject)).toThrow(
			expect.objectContaining({ code: "ERR_COMPOSEFS_SEAL", rule }),
		);
	});

	test("may have what is not known", () => {
		const read = readSealArtifact("artifact", manifest([entry("other", "x"), merged]), subject);
		expect(read).toEqual({ merged: digest("c") });
	});
});
