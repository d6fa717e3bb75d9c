/** `composefs seal`: what composefs's digests say of an OCI image, put beside it, into it, or checked. */
import { Command } from "commander";
import type { ComposefsError } from "../errors.ts";
import {
	compareSeals,
	computeSeal,
	copyImage,
	makeSealArtifact,
	type Profile,
	putSealArtifact,
	type ResolvedImage,
	readInlineSeal,
	type Seal,
	sealImage,
} from "../oci/index.ts";
import { openContents } from "./contents.ts";
import { EXIT, ExitStatus, interruptible, isUnverified, UsageError, verifying } from "./exit.ts";
import { Held } from "./held.ts";
import {
	IMAGE_SOURCE,
	type PlaceOptions,
	parsePlatform,
	placeOptions,
	profileOption,
} from "./image-options.ts";
import { type ImagePlace, openPlace } from "./image-place.ts";
import { pullShown } from "./layer-progress.ts";
import { examples } from "./options.ts";
import { colour, print, printJson } from "./print.ts";

interface SealCommandOptions extends PlaceOptions {
	readonly profile: Profile;
	readonly store?: string;
	readonly check?: true;
	readonly inline?: string;
	readonly json?: true;
}

interface Verdict {
	/** `manifest` for one in the manifest itself, `artifact` for one beside it. */
	readonly place: "manifest" | "artifact";
	readonly ok: boolean;
	/** What is wrong. */
	readonly problem: string | undefined;
	/** What the seal speaks of and is not computed here. */
	readonly unchecked: readonly string[];
	readonly seal: Seal;
}

export function sealCommand(): Command {
	const command = new Command("seal")
		.description("attach the composefs digests of an OCI image to it, or check those attached")
		.argument("<source>", IMAGE_SOURCE)
		.option("--check", "change nothing; exit with 3 if a seal does not match the image, or there is none")
		.option("--inline <tag>", "instead, copy the image to this tag, with the digests in its manifest")
		.option("--store <folder>", "put the contents of files into this object store meanwhile")
		.addOption(profileOption("oci"))
		.option("--json", "print JSON");
	for (const option of placeOptions()) command.addOption(option);
	return command
		.addHelpText(
			"after",
			examples(
				"composefs seal oci:layout:v1",
				"composefs seal --check registry.example/base:v1",
				"composefs seal --inline v1-sealed registry.example/base:v1",
			),
		)
		.action((source: string, options: SealCommandOptions) => verifying(seal(source, options)));
}

async function seal(source: string, options: SealCommandOptions): Promise<void> {
	const { check, inline, json } = options;
	if (check && inline !== undefined) throw new UsageError("--check and --inline exclude each other");
	const platform = parsePlatform(options.platform);
	await interruptible(async (signal) => {
		const place = await openPlace(source, options, signal);
		if (!check && place.destination === undefined)
			throw new UsageError(`${source}: an archive cannot be added to, only --check`);
		const image = await place.resolve({ platform, signal });
		const actual = await sealOf(image, options, signal);
		if (check) await report(await verdicts(place, image, actual, signal), json);
		else await put(place, image, actual, options, signal);
	});
}

async function sealOf(
	image: ResolvedImage,
	{ store: folder, profile }: SealCommandOptions,
	signal: AbortSignal,
): Promise<Seal> {
	await using held = new Held();
	const store = await openContents(folder, held.hold);
	const merged = await pullShown(image, { store, profile, signal });
	return await computeSeal(image, { merged }, { signal });
}

async function put(
	{ destination, name }: ImagePlace,
	image: ResolvedImage,
	actual: Seal,
	{ inline, json }: SealCommandOptions,
	signal: AbortSignal,
): Promise<void> {
	if (destination === undefined) throw new UsageError(`${name}: cannot be added to`);
	const result = inline === undefined ? makeSealArtifact(image, actual) : sealImage(image, actual).manifest;
	if ("subject" in result) await putSealArtifact(result, destination, { signal });
	else await copyImage({ ...image, manifest: result }, destination, { tag: inline, signal });
	const { digest } = result.descriptor;
	if (json) await printJson({ manifest: image.manifest.descriptor.digest, put: digest, seal: actual });
	else await print([`${digest}  ${actual.merged}\n`]);
}

async function verdicts(
	place: ImagePlace,
	image: ResolvedImage,
	actual: Seal,
	signal: AbortSignal,
): Promise<Verdict[]> {
	const inline = readInlineSeal(image);
	const beside = await place.seals(image.manifest.descriptor.digest, { signal });
	return [
		...(inline === undefined ? [] : [verdictOn("manifest", image, inline, actual)]),
		...beside.map((found) => verdictOn("artifact", image, found, actual)),
	];
}

/** What is mounted is the merged image; layers by themselves, and the image for booting, are not made here. */
function verdictOn(place: Verdict["place"], image: ResolvedImage, seal: Seal, actual: Seal): Verdict {
	const { bootable, layers, ...compared } = seal;
	const unchecked = [
		...(bootable === undefined ? [] : ["bootable"]),
		...(layers === undefined ? [] : ["layers"]),
	];
	try {
		compareSeals(image.name, compared, actual);
		return { place, ok: true, problem: undefined, unchecked, seal };
	} catch (error) {
		if (!isUnverified(error)) throw error;
		return { place, ok: false, problem: (error as ComposefsError).message, unchecked, seal };
	}
}

async function report(found: readonly Verdict[], json: true | undefined): Promise<void> {
	if (json) await printJson(found);
	else await print(found.map(format));
	if (found.length === 0) console.error("composefs: the image has no seal");
	if (found.length === 0 || found.some(({ ok }) => !ok)) throw new ExitStatus(EXIT.verificationFailed);
}

function format({ place, ok, problem, unchecked, seal }: Verdict): string {
	if (!ok) return `${place}: ${colour("red", "FAILED")}: ${problem}\n`;
	const rest = unchecked.length === 0 ? "" : `; not checked: ${unchecked.join(", ")}`;
	return `${place}: ${colour("green", "OK")}  ${seal.merged}${rest}\n`;
}
