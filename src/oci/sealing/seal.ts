/** What seals an image: the fs-verity digests of its parts, and the names that annotations have for them. */
import { argumentError, ComposefsError, type ComposefsErrorDetails } from "../../errors.ts";
import type { Annotations } from "../image.ts";

/** Digests are fs-verity's, 64 hexadecimal digits: SHA-256, blocks of 4,096 bytes. */
export interface Seal {
	/** Of the composefs image of all layers, merged: what is mounted. */
	readonly merged: string;
	/** Of that for booting, without what is in /boot. */
	readonly bootable?: string | undefined;
	/** Of the config, as the registry has it. */
	readonly config?: string | undefined;
	/** Of the manifest: only what stands beside it can say that. */
	readonly manifest?: string | undefined;
	/** Of the composefs image of each layer alone, from the lowest. */
	readonly layers?: readonly string[] | undefined;
}

/** What has a digest in a seal. */
export type SealRole = keyof Seal;

const ALGORITHM = "fsverity-sha256-12";

/** Names of the annotations. */
export const SEAL_KEYS = {
	layers: `composefs.layer.erofs.v1.${ALGORITHM}`,
	merged: `composefs.merged.erofs.v1.${ALGORITHM}`,
	bootable: `composefs.merged.bootable.erofs.v1.${ALGORITHM}`,
	config: `composefs.config.${ALGORITHM}`,
	manifest: `composefs.manifest.${ALGORITHM}`,
} as const satisfies Record<SealRole, string>;

const DIGEST = /^[0-9a-f]{64}$/;

/**
 * The digest that annotations have for a role, if any.
 *
 * @throws ComposefsError ERR_COMPOSEFS_SEAL, rule `seal-digest`; rule `seal-algorithm` if there are digests for the role,
 *   but none that can be compared here
 */
export function sealDigest(annotations: Annotations, role: SealRole, where: string): string | undefined {
	const key = SEAL_KEYS[role];
	const digest = annotations.get(key);
	if (digest !== undefined) return checkSealDigest(digest, `${where}: ${key}`);
	const shape = key.slice(0, -ALGORITHM.length).replace(/v1\.$/, "");
	const other = [...annotations.keys()].find((name) => name.startsWith(shape) && !name.endsWith(".sig"));
	if (other !== undefined)
		throw sealError("seal-algorithm", `${where}: ${other} is not a digest that is known here`);
	return undefined;
}

/**
 * What is no seal, such as one of misspelt names, would seal nothing.
 *
 * @throws ComposefsError `ERR_COMPOSEFS_ARGUMENT`, rule `seal`
 */
export function checkIsSeal(seal: Seal): void {
	if (typeof seal?.merged === "string") return;
	throw argumentError("a seal has at least the digest of the merged image: { merged }", { rule: "seal" });
}

/** @throws ComposefsError ERR_COMPOSEFS_SEAL, rule `seal-digest` */
export function checkSealDigest(digest: string, where: string): string {
	if (typeof digest === "string" && DIGEST.test(digest)) return digest;
	throw sealError("seal-digest", `${where}: is not 64 lower-case hexadecimal digits`);
}

export function sealError(
	rule: string,
	message: string,
	details: ComposefsErrorDetails = {},
): ComposefsError {
	return new ComposefsError("ERR_COMPOSEFS_SEAL", message, { rule, ...details });
}
