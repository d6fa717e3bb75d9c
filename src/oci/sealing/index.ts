/** Seals: what composefs's digests say in a manifest, or beside it. */
export {
	makeSealArtifact,
	putSealArtifact,
	readSealArtifact,
	SEAL_ARTIFACT_TYPE,
	type SealArtifact,
	type SignedRole,
} from "./artifact.ts";
export { computeSeal, type SealTrees } from "./compute.ts";
export { findSeals } from "./find.ts";
export { readInlineSeal, sealImage } from "./inline.ts";
export { SEAL_KEYS, type Seal, type SealRole } from "./seal.ts";
export { compareSeals, verifySeal } from "./verify.ts";
