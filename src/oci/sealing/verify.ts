/** Seals against what images really are. */
import { ComposefsError } from "../../errors.ts";
import type { ResolvedImage } from "../image.ts";
import { computeSeal, type SealTrees } from "./compute.ts";
import { readInlineSeal } from "./inline.ts";
import { checkIsSeal, SEAL_KEYS, type Seal, type SealRole, sealError } from "./seal.ts";

/**
 * Compares what a seal says with what was computed. What the seal does not speak of is not compared; what it speaks of
 * must have been computed.
 *
 * @throws ComposefsError ERR_COMPOSEFS_DIGEST, with `expected` and `actual`, for the first difference;
 *   ERR_COMPOSEFS_SEAL, rule `seal-missing`, for a digest that nothing was computed for
 */
export function compareSeals(name: string, expected: Seal, actual: Seal): void {
	checkIsSeal(expected);
	checkIsSeal(actual);
	for (const role of ["manifest", "config", "merged", "bootable"] as const)
		compareDigest(name, role, expected[role], actual[role]);
	if (expected.layers === undefined) return;
	if (expected.layers.length !== actual.layers?.length)
		throw sealError(
			"seal-missing",
			`${name}: ${SEAL_KEYS.layers}: there is no tree for each layer to compare`,
		);
	for (const [index, digest] of expected.layers.entries())
		compareDigest(`${name}: layer ${index}`, "layers", digest, actual.layers[index]);
}

/**
 * Checks an image against a seal: that of an artifact, or by default that in its manifest.
 *
 * @param trees what the layers give; a tree for everything that the seal has a digest of
 * @returns the seal
 * @throws ComposefsError ERR_COMPOSEFS_DIGEST if something is not as sealed; ERR_COMPOSEFS_SEAL, rule `unsealed`, if there
 *   is no seal, and other rules for one that makes no sense
 */
export async function verifySeal(
	image: Pick<ResolvedImage, "name" | "manifest" | "config">,
	trees: SealTrees,
	options: { readonly seal?: Seal | undefined; readonly signal?: AbortSignal | undefined } = {},
): Promise<Seal> {
	const seal = options.seal ?? readInlineSeal(image);
	if (seal === undefined) throw sealError("unsealed", `${image.name}: there is no seal in its manifest`);
	compareSeals(image.name, seal, await computeSeal(image, trees, options));
	return seal;
}

function compareDigest(
	name: string,
	role: SealRole,
	expected: string | undefined,
	actual: string | undefined,
): void {
	if (expected === undefined || expected === actual) return;
	if (actual === undefined)
		throw sealError("seal-missing", `${name}: ${SEAL_KEYS[role]}: nothing was computed to compare`);
	const text = `${name}: ${SEAL_KEYS[role]}: the digest is ${actual}, not ${expected}`;
	throw new ComposefsError("ERR_COMPOSEFS_DIGEST", text, { rule: SEAL_KEYS[role], expected, actual });
}
