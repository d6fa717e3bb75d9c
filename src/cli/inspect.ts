/** `composefs inspect`: an OCI image at a glance, nothing of its layers read but where their tables of contents are. */
import { Command } from "commander";
import { ComposefsError } from "../errors.ts";
import {
	type Descriptor,
	type Platform,
	type ResolvedImage,
	readInlineSeal,
	type Seal,
} from "../oci/index.ts";
import { platformName } from "../oci/platform.ts";
import { locateToc, type TocLocation } from "../toc/index.ts";
import { interruptible, verifying } from "./exit.ts";
import { IMAGE_SOURCE, type PlaceOptions, parsePlatform, placeOptions } from "./image-options.ts";
import { type ImagePlace, openPlace } from "./image-place.ts";
import { examples } from "./options.ts";
import { columns, plain, print, printJson } from "./print.ts";
import { formatBytes } from "./progress.ts";

interface InspectOptions extends PlaceOptions {
	readonly json?: true;
}

/** Something that was found, or what is wrong with it. */
type Found<T> = { readonly found: T } | { readonly problem: string };

interface Inspected {
	readonly image: ResolvedImage;
	/** Of the index that it was found in. */
	readonly platforms: readonly { readonly platform: Platform; readonly digest: string }[];
	/** Of each layer. */
	readonly tables: readonly Found<TocLocation | undefined>[];
	readonly seals: { readonly manifest: Found<Seal | undefined>; readonly artifacts: Found<readonly Seal[]> };
}

export function inspectCommand(): Command {
	const command = new Command("inspect")
		.description("print manifest, config, platforms, layers and seals of an OCI image")
		.argument("<source>", IMAGE_SOURCE)
		.option("--json", "print JSON");
	for (const option of placeOptions()) command.addOption(option);
	return command
		.addHelpText(
			"after",
			examples("composefs inspect debian:12", "composefs inspect --json oci:layout:v1 | jq .layers"),
		)
		.action((source: string, options: InspectOptions) => verifying(inspect(source, options)));
}

async function inspect(source: string, options: InspectOptions): Promise<void> {
	const platform = parsePlatform(options.platform);
	await interruptible(async (signal) => {
		const place = await openPlace(source, options, signal);
		const inspected = await look(place, platform, signal);
		if (options.json) await printJson(toJson(source, inspected));
		else await print(format(source, inspected));
	});
}

async function look(
	place: ImagePlace,
	platform: Platform | undefined,
	signal: AbortSignal,
): Promise<Inspected> {
	const image = await place.resolve({ platform, signal });
	const tables: Found<TocLocation | undefined>[] = [];
	for (const { blob, descriptor } of image.layers)
		tables.push(await found(locateToc(blob, { annotations: descriptor.annotations, signal })));
	const offered = await place.offered({ signal });
	return {
		image,
		platforms: offered.flatMap(({ platform, digest }) => (platform ? [{ platform, digest }] : [])),
		tables,
		seals: {
			manifest: await found(Promise.resolve(image).then(readInlineSeal)),
			artifacts: await found(place.seals(image.manifest.descriptor.digest, { signal })),
		},
	};
}

/** What is wrong with a part is shown in its place. */
async function found<T>(part: Promise<T>): Promise<Found<T>> {
	try {
		return { found: await part };
	} catch (error) {
		if (error instanceof ComposefsError) return { problem: error.message };
		throw error;
	}
}

function toJson(source: string, { image, platforms, tables, seals }: Inspected): object {
	const { manifest, config, layers } = image;
	return {
		source,
		platform: config.value.platform,
		platforms,
		manifest: {
			...describe(manifest.descriptor),
			annotations: Object.fromEntries(manifest.value.annotations),
		},
		config: { ...describe(config.descriptor), document: JSON.parse(Buffer.from(config.bytes).toString()) },
		layers: layers.map(({ descriptor, diffId }, at) => ({
			...describe(descriptor),
			diffId,
			compression: compressionOf(descriptor),
			toc: unwrapped(tables[at]),
		})),
		seals: { manifest: unwrapped(seals.manifest), artifacts: unwrapped(seals.artifacts) },
	};
}

function describe({ mediaType, digest, size, annotations }: Descriptor): object {
	return { mediaType, digest, size, annotations: Object.fromEntries(annotations) };
}

/** Null for nothing, as JSON has it. */
function unwrapped<T>(part: Found<T> | undefined): T | { readonly problem: string } | null {
	if (part === undefined) return null;
	return "problem" in part ? part : (part.found ?? null);
}

function compressionOf({ mediaType }: Descriptor): string {
	return /[.+](gzip|zstd)$/.exec(mediaType)?.[1] ?? "none";
}

function compressionText(descriptor: Descriptor): string {
	const compression = compressionOf(descriptor);
	return compression === "none" ? "uncompressed" : compression;
}

function* format(source: string, { image, platforms, tables, seals }: Inspected): Generator<string> {
	const { manifest, config, layers } = image;
	yield columns([
		["source", source],
		["manifest", `${manifest.descriptor.digest}  ${plain(manifest.descriptor.mediaType)}`],
		["config", `${config.descriptor.digest}  ${formatBytes(config.descriptor.size)}`],
		["platform", plain(platformName(config.value.platform))],
		...platforms.map(({ platform, digest }): [string, string] => [
			"offered",
			`${plain(platformName(platform)).padEnd(16)}  ${digest}`,
		]),
		...annotationRows(manifest.value.annotations),
		...sealRows(seals),
	]);
	for (const [at, { descriptor, diffId }] of layers.entries()) {
		yield `\nlayer ${at + 1} of ${layers.length}\n`;
		yield columns([
			["digest", descriptor.digest],
			["diff_id", diffId],
			["size", `${formatBytes(descriptor.size)}, ${compressionText(descriptor)}`],
			["table", tableText(tables[at])],
			...annotationRows(descriptor.annotations),
		]);
	}
}

function tableText(table: Found<TocLocation | undefined> | undefined): string {
	if (table === undefined) return "none";
	if ("problem" in table) return `unusable: ${plain(table.problem)}`;
	if (table.found === undefined) return "none";
	return `${table.found.format}, ${table.found.digest ?? "vouched for by nothing"}`;
}

function annotationRows(annotations: ReadonlyMap<string, string>): [string, string][] {
	return [...annotations].map(([name, value]) => ["annotation", `${plain(name)}=${plain(value)}`]);
}

function sealRows({ manifest, artifacts }: Inspected["seals"]): [string, string][] {
	const rows: [string, string][] = [];
	if ("problem" in manifest) rows.push(["seal", `unusable: ${plain(manifest.problem)}`]);
	else if (manifest.found !== undefined) rows.push(["seal", `${manifest.found.merged}  in the manifest`]);
	if ("problem" in artifacts) rows.push(["seal", `unusable: ${plain(artifacts.problem)}`]);
	else for (const { merged } of artifacts.found) rows.push(["seal", `${merged}  beside the image`]);
	return rows;
}
