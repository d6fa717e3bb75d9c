/** Seals beside an image: an artifact with the image's manifest as its subject. The image stays as it is. */
import { bytesBlob } from "../../blob.ts";
import { AnnotationMap, descriptorJson } from "../../descriptor.ts";
import { argumentError } from "../../errors.ts";
import { MEDIA_TYPES } from "../../media-types.ts";
import { checkDestination, checkManifest } from "../arguments.ts";
import type { ImageDestination, SignalOptions } from "../copy/destination.ts";
import { describeBytes } from "../digest.ts";
import type { Descriptor, Manifest, ResolvedImage } from "../image.ts";
import {
	checkIsSeal,
	checkSealDigest,
	SEAL_KEYS,
	type Seal,
	type SealRole,
	sealDigest,
	sealError,
} from "./seal.ts";

export const SEAL_ARTIFACT_TYPE = "application/vnd.composefs.metadata.v1";
/** PKCS#7 in DER, as the kernel takes it, of the digest that stands beside it. */
const SIGNATURE_TYPE = "application/vnd.composefs.signature.v1+pkcs7";
const EMPTY = Buffer.from("{}");
export type SignedRole = Exclude<SealRole, "layers">;

/** The order that the specification wants. */
const ROLES: readonly SignedRole[] = ["manifest", "config", "merged", "bootable"];

/** An artifact that is not stored yet. */
export interface SealArtifact {
	readonly descriptor: Descriptor;
	readonly bytes: Uint8Array;
	readonly subject: Descriptor;
	/** What it refers to. */
	readonly blobs: readonly { readonly descriptor: Descriptor; readonly bytes: Uint8Array }[];
}

/**
 * The artifact for a seal of an image. An entry without a signature has the empty document in its place.
 *
 * @param signatures by role: PKCS#7 in DER. With any, there are those of manifest and config too.
 * @throws ComposefsError ERR_COMPOSEFS_SEAL
 */
export function makeSealArtifact(
	image: Pick<ResolvedImage, "name" | "manifest">,
	seal: Seal,
	signatures: Partial<Record<SignedRole, Uint8Array>> = {},
): SealArtifact {
	checkManifest(image);
	checkIsSeal(seal);
	const { name, manifest } = image;
	checkSignatures(name, seal, signatures);
	const empty = { descriptor: describeBytes(EMPTY, MEDIA_TYPES.empty), bytes: EMPTY };
	const entries = ROLES.flatMap((role) => {
		const digest = seal[role];
		if (digest === undefined) return [];
		checkSealDigest(digest, `${name}: seal`);
		const signature = signatures[role];
		const annotations = new AnnotationMap([[SEAL_KEYS[role], digest]]);
		const bytes = signature ?? EMPTY;
		const mediaType = signature === undefined ? MEDIA_TYPES.empty : SIGNATURE_TYPE;
		return [{ descriptor: { ...describeBytes(bytes, mediaType), annotations }, bytes }];
	});
	const { mediaType, digest, size } = manifest.descriptor;
	const document = {
		schemaVersion: 2,
		mediaType: MEDIA_TYPES.manifest,
		artifactType: SEAL_ARTIFACT_TYPE,
		config: descriptorJson(empty.descriptor),
		layers: entries.map(({ descriptor }) => descriptorJson(descriptor)),
		subject: { mediaType, digest, size },
	};
	const bytes = Buffer.from(JSON.stringify(document));
	const descriptor = { ...describeBytes(bytes, MEDIA_TYPES.manifest), artifactType: SEAL_ARTIFACT_TYPE };
	return { descriptor, bytes, subject: manifest.descriptor, blobs: [empty, ...entries] };
}

/** Stores an artifact where its image is. */
export async function putSealArtifact(
	artifact: SealArtifact,
	destination: ImageDestination,
	options: SignalOptions = {},
): Promise<void> {
	if (artifact?.subject === undefined)
		throw argumentError("an artifact is what makeSealArtifact gives", { rule: "artifact" });
	checkDestination(destination);
	const { descriptor, bytes, subject, blobs } = artifact;
	const distinct = new Map(blobs.map((blob) => [blob.descriptor.digest, blob]));
	for (const blob of distinct.values())
		await destination.putBlob(blob.descriptor, bytesBlob(blob.bytes, blob.descriptor.digest), options);
	const { mediaType, digest } = descriptor;
	const document = { mediaType, digest, bytes, subject, artifactType: SEAL_ARTIFACT_TYPE };
	await destination.putManifest(document, options);
}

/**
 * The seal that an artifact has for a manifest.
 *
 * @param digest the manifest's
 * @throws ComposefsError ERR_COMPOSEFS_SEAL if it is for another one, or breaks a rule
 */
export function readSealArtifact(name: string, artifact: Manifest, digest: string): Seal {
	if (artifact.artifactType !== SEAL_ARTIFACT_TYPE)
		throw sealError("seal-artifact", `${name}: is not of the type ${SEAL_ARTIFACT_TYPE}`);
	if (artifact.subject?.digest !== digest)
		throw sealError("seal-subject", `${name}: is for ${artifact.subject?.digest}, not for ${digest}`);
	const found = new Map<SignedRole, string>();
	let last = -1;
	for (const { annotations } of artifact.layers) {
		const index = ROLES.findIndex((role) => sealDigest(annotations, role, name) !== undefined);
		// What has a role that is not known here may stand anywhere.
		if (index < 0) continue;
		if (index <= last)
			throw sealError("seal-order", `${name}: its digests are not in order, or are there twice`);
		last = index;
		const role = ROLES[index] ?? "merged";
		found.set(role, sealDigest(annotations, role, name) ?? "");
	}
	const merged = found.get("merged");
	if (merged === undefined) throw sealError("seal-merged", `${name}: has no digest of the merged image`);
	return {
		merged,
		bootable: found.get("bootable"),
		config: found.get("config"),
		manifest: found.get("manifest"),
	};
}

function checkSignatures(
	name: string,
	seal: Seal,
	signatures: Partial<Record<SignedRole, Uint8Array>>,
): void {
	const signed = ROLES.filter((role) => signatures[role] !== undefined);
	if (signed.length === 0) return;
	const unsealed = signed.find((role) => seal[role] === undefined);
	if (unsealed !== undefined)
		throw sealError("seal-signature", `${name}: a signature of ${unsealed}, but no digest`);
	for (const role of ["manifest", "config"] as const)
		if (!signed.includes(role)) throw sealError("seal-signature", `${name}: ${role} is not signed`);
}
