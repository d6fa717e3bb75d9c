import { describe, expect, test } from "@jest/globals";
import { copyImage } from "../../../src/oci/copy/copy.ts";
import { LayoutDestination } from "../../../src/oci/copy/layout-destination.ts";
import { openLayout } from "../../../src/oci/layout.ts";
import { makeSealArtifact, putSealArtifact, SEAL_ARTIFACT_TYPE } from "../../../src/oci/sealing/artifact.ts";
import { findSeals } from "../../../src/oci/sealing/find.ts";
import { readInlineSeal, sealImage } from "../../../src/oci/sealing/inline.ts";
import { describeBytes, imageOf } from "../../support/oci-image.ts";
import { useTemporaryFolder } from "../../support/temporary.ts";

const temporary = useTemporaryFolder();
const image = imageOf([Buffer.from("one")]);
const OTHER_TYPE = "application/vnd.example.signature";
const seal = { merged: "a".repeat(64), config: "b".repeat(64), manifest: "c".repeat(64) };

describe("seals in a layout", () => {
	test("are found in the manifest and beside it", async () => {
		const destination = new LayoutDestination(temporary("layout"));
		const sealed = sealImage(image, seal);
		await copyImage(image, destination, { tag: "plain" });
		await copyImage(sealed, destination, { tag: "sealed" });
		await putSealArtifact(makeSealArtifact(image, seal), destination);
		await putSealArtifact(makeSealArtifact(sealed, { merged: seal.merged }), destination);

		// What somebody else attached to the same image.
		const text = Buffer.from(makeSealArtifact(image, seal).bytes).toString();
		const other = Buffer.from(text.replaceAll(SEAL_ARTIFACT_TYPE, OTHER_TYPE));
		const { mediaType } = image.manifest.descriptor;
		const { digest } = describeBytes(other);
		await destination.putManifest({ mediaType, digest, bytes: other, artifactType: OTHER_TYPE });

		const layout = await openLayout(temporary("layout"));
		const [plain, inline] = [await layout.resolve("plain"), await layout.resolve("sealed")];
		expect(readInlineSeal(plain)).toBeUndefined();
		expect(readInlineSeal(inline)).toEqual({ merged: seal.merged, config: seal.config });
		const find = (digest: string) => findSeals(layout, layout.index.manifests, digest);
		expect(await find(plain.manifest.descriptor.digest)).toEqual([seal]);
		expect(await find(inline.manifest.descriptor.digest)).toEqual([{ merged: seal.merged }]);
		expect(await find(`sha256:${"0".repeat(64)}`)).toEqual([]);
	});
});
