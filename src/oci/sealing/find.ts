/** Seals beside an image, found. */
import { checkIsArray } from "../../lists.ts";
import { isManifestType } from "../../media-types.ts";
import type { BlobFinder, Descriptor } from "../image.ts";
import { readManifest } from "../resolve.ts";
import { readSealArtifact, SEAL_ARTIFACT_TYPE } from "./artifact.ts";
import type { Seal } from "./seal.ts";

/**
 * The seals for a manifest among artifacts: those that a registry lists for it (`Repository.referrers`), or all that a
 * layout's index has. Artifacts of other types and for other manifests are passed over.
 *
 * @param digest the manifest's
 * @throws ComposefsError ERR_COMPOSEFS_SEAL for an artifact that breaks a rule, and what reading it throws
 */
export async function findSeals(
	blobs: BlobFinder,
	candidates: readonly Descriptor[],
	digest: string,
	{ signal }: { readonly signal?: AbortSignal | undefined } = {},
): Promise<Seal[]> {
	checkIsArray(candidates, "candidates");
	const seals: Seal[] = [];
	for (const descriptor of candidates) {
		if (descriptor.artifactType !== SEAL_ARTIFACT_TYPE || !isManifestType(descriptor.mediaType)) continue;
		const { value } = await readManifest(blobs, descriptor, signal);
		if (value.subject?.digest !== digest) continue;
		seals.push(readSealArtifact(`${blobs.name}: ${descriptor.digest}`, value, digest));
	}
	return seals;
}
