/** `composefs pull`: an OCI image becomes a composefs image and a store. Ends with 3 if a blob is not what it should be. */
import path from "node:path";
import { Command } from "commander";
import {
	type ContentStore,
	cachedImage,
	forgetCached,
	type Profile,
	planPull,
	type ResolvedImage,
} from "../oci/index.ts";
import { ObjectStore } from "../store/index.ts";
import type { Tree } from "../tree.ts";
import type { WrittenImage } from "../write.ts";
import { openContents } from "./contents.ts";
import { interruptible, UsageError, verifying } from "./exit.ts";
import { Held } from "./held.ts";
import {
	IMAGE_SOURCE,
	type PlaceOptions,
	parsePlatform,
	placeOptions,
	profileOption,
} from "./image-options.ts";
import {
	addVersionOptions,
	checkCanBeMade,
	checkVersions,
	type VersionOptions,
	writeTree,
	writtenToJson,
} from "./image-output.ts";
import { type ImagePlace, openPlace } from "./image-place.ts";
import { pullShown } from "./layer-progress.ts";
import { examples } from "./options.ts";
import { print, printJson } from "./print.ts";
import { formatPlan } from "./pull-plan.ts";

interface PullCommandOptions extends PlaceOptions, VersionOptions {
	readonly store: string;
	readonly image?: string;
	readonly profile: Profile;
	readonly partial: boolean;
	readonly remember?: true;
	readonly dryRun?: true;
	readonly printDigest?: true;
	readonly json?: true;
}

/** In the store: layers that have come, or some of their bytes, until the image is written. */
const LAYERS = ".layers";

export function pullCommand(): Command {
	const command = new Command("pull")
		.description("put the contents of an OCI image into a store, and write its composefs image")
		.argument("<source>", IMAGE_SOURCE)
		.requiredOption("--store <folder>", "the object store")
		.option("--image <file>", "where the composefs image goes; - is stdout")
		.addOption(profileOption("raw"))
		.option(
			"--cache <folder>",
			"keep downloaded layers in this folder; by default they are in the store until the image is written",
		)
		.option("--no-partial", "read whole layers, also of such as have a table of contents")
		.option(
			"--remember",
			"remember the SHA-256 of all files, so that later pulls by tables need not fetch them",
		)
		.option("--dry-run", "print what would be fetched, and fetch only tables of contents")
		.option("--print-digest", "print the fs-verity digest of the image")
		.option("--json", "print the result as JSON");
	for (const option of placeOptions()) command.addOption(option);
	return addVersionOptions(command)
		.addHelpText("after", "\nNotes:\n  An interrupted pull continues where it stopped when it is run again.")
		.addHelpText(
			"after",
			examples(
				"composefs pull --store objects --image debian.cfs debian:12",
				"composefs pull --store objects --image base.cfs --print-digest oci:layout:v1",
				"composefs pull --store objects --dry-run debian:12",
				"composefs pull --store objects --image arm.cfs --platform linux/arm64 registry.example/base@sha256:…",
			),
		)
		.action((source: string, options: PullCommandOptions) => verifying(pull(source, options)));
}

async function pull(source: string, options: PullCommandOptions): Promise<void> {
	checkVersions(options);
	const { image: to, dryRun, printDigest, json, cache } = options;
	if (to === undefined && !printDigest && !json && !dryRun)
		throw new UsageError("neither an image to write to is named, nor --print-digest");
	if (to === "-" && (printDigest || json)) throw new UsageError("the image has stdout for itself");
	const platform = parsePlatform(options.platform);
	if (!dryRun) await checkCanBeMade(to);
	await interruptible(async (signal) => {
		const place = await openPlace(source, options, signal);
		const image = await place.resolve({ platform, signal });
		if (dryRun) return printPlan(image, options, signal);
		await using store = await ObjectStore.open(options.store, { sync: "flush" });
		const tree = await pullTree(place, image, store, options, signal);
		const written = await writeTree(tree, to, options, signal);
		if (place.isRemote && cache === undefined) await forgetCached(image, path.join(options.store, LAYERS));
		if (json) await printJson(describe(to, image, written));
		else if (printDigest) console.log(written.digest);
	});
}

async function printPlan(
	image: ResolvedImage,
	{ store: folder, json }: PullCommandOptions,
	signal: AbortSignal,
): Promise<void> {
	const plan = await withStoreAsItIs(folder, (store) => planPull(image, { store, signal }));
	if (json) await printJson(plan);
	else await print([formatPlan(plan)]);
}

/** A store that is not there has nothing, and stays not there. */
async function withStoreAsItIs<T>(folder: string, run: (store: ContentStore) => Promise<T>): Promise<T> {
	const store = await ObjectStore.open(folder, { create: false }).catch((error) => {
		if (error.code === "ENOENT") return undefined;
		throw error;
	});
	await using held = new Held();
	return await run(store === undefined ? await openContents(undefined, held.hold) : held.hold(store));
}

async function pullTree(
	place: ImagePlace,
	image: ResolvedImage,
	store: ObjectStore,
	{ store: folder, cache, profile, partial, remember }: PullCommandOptions,
	signal: AbortSignal,
): Promise<Tree> {
	const keep = (watched: ResolvedImage) => cachedImage(watched, cache ?? path.join(folder, LAYERS));
	return pullShown(image, { store, profile, partial, remember, signal }, place.isRemote ? keep : undefined);
}

function describe(to: string | undefined, image: ResolvedImage, written: WrittenImage): object {
	return {
		...writtenToJson(to, written),
		manifest: image.manifest.descriptor.digest,
		config: image.config.descriptor.digest,
		platform: image.config.value.platform,
		layers: image.layers.map(({ descriptor, diffId }) => ({
			digest: descriptor.digest,
			diffId,
			size: descriptor.size,
		})),
	};
}
