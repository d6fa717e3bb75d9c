/** `composefs build`: an image from a source. Ends with 3 if a blob of an OCI image is not what it should be. */
import { Command, Option } from "commander";
import type { Tree } from "../tree.ts";
import { interruptible, UsageError, verifying } from "./exit.ts";
import { Held } from "./held.ts";
import {
	addVersionOptions,
	checkCanBeMade,
	checkVersions,
	type VersionOptions,
	writeTree,
	writtenToJson,
} from "./image-output.ts";
import { examples } from "./options.ts";
import { printJson } from "./print.ts";
import { checkIsLayer } from "./sources/archive-of-image.ts";
import {
	foreignOption,
	type ReadContext,
	type SourceKind,
	type SourceOptions,
	sourceOptions,
} from "./sources/kind.ts";
import { parsing } from "./sources/parsed.ts";
import { findSource, SOURCES } from "./sources/table.ts";
import { tarSource } from "./sources/tar.ts";

interface BuildOptions extends SourceOptions, VersionOptions {
	readonly from?: string;
	readonly printDigest?: true;
	readonly printDigestOnly?: true;
	readonly json?: true;
}

const PATHS = `what the image is made from, and last where it goes; - is stdin, or stdout
${SOURCES.map(({ name, description }) => `${name}: ${description}`).join("\n")}`;

export function buildCommand(): Command {
	const kinds = SOURCES.map(({ name }) => name);
	const command = new Command("build")
		.usage("[options] <source...> <image>")
		.description("write the composefs image of a source")
		.argument("<paths...>", PATHS)
		.addOption(
			new Option("--from <kind>", "the kind of the source; by default it is recognised").choices(kinds),
		)
		.option("--print-digest", "print the fs-verity digest of the image")
		.option("--print-digest-only", "print the digest, write no image")
		.option("--json", "print digest, size, version and warnings as JSON");
	addVersionOptions(command);
	for (const option of sourceOptions(SOURCES)) command.addOption(option);
	return command
		.addHelpText(
			"after",
			examples(
				"composefs build --store objects --print-digest rootfs rootfs.cfs",
				"zcat rootfs.dump.gz | composefs build --print-digest - rootfs.cfs",
				"composefs build --from dump --print-digest-only rootfs.dump",
				"composefs build --store objects base.tar.gz app.tar.zst rootfs.cfs",
				"composefs build --store objects --profile oci layout:v1 rootfs.cfs",
				"composefs build --from toc base.json app.json rootfs.cfs",
			),
		)
		.action((paths: string[], options: BuildOptions, command: Command) =>
			verifying(build(paths, options, command)),
		);
}

async function build(paths: readonly string[], options: BuildOptions, command: Command): Promise<void> {
	const { printDigest, printDigestOnly, json } = options;
	checkVersions(options);
	const sources = printDigestOnly ? paths : paths.slice(0, -1);
	const image = printDigestOnly ? undefined : paths.at(-1);
	const first = checkPlaces(sources, image, options);
	const kind = await findSource(first, options.from);
	if (sources.length > 1 && !kind.takesSeveral)
		throw new UsageError(severalText(kind, sources, printDigestOnly));
	const foreign = foreignOption(kind, SOURCES, (name) => command.getOptionValueSource(name) === "cli");
	if (foreign !== undefined) throw new UsageError(`${foreign.long} makes no sense for a ${kind.name}`);
	if (image !== undefined && kind.takesSeveral && (await kind.detects?.(image)))
		throw new UsageError(
			`${image} is a ${kind.name}, and would be written over: the image's name comes last`,
		);
	await checkCanBeMade(image);
	await interruptible(async (signal) => {
		await using held = new Held();
		const tree = await readSources(kind, sources, options, { signal, hold: held.hold });
		const written = await writeTree(tree, image, options, signal);
		if (json) await printJson(writtenToJson(image, written));
		else if (printDigest || printDigestOnly) console.log(written.digest);
	});
}

/** Returns the first source. */
function checkPlaces(
	sources: readonly string[],
	image: string | undefined,
	{ printDigest, json }: BuildOptions,
): string {
	const [first] = sources;
	if (first === undefined) throw new UsageError("no image to write to is named");
	if (image === "-" && (printDigest || json)) throw new UsageError("the image has stdout for itself");
	if (sources.filter((source) => source === "-").length > 1)
		throw new UsageError("stdin can be one of the sources only");
	return first;
}

/** @param sources   all of one kind */
async function readSources(
	kind: SourceKind,
	sources: readonly string[],
	options: BuildOptions,
	context: ReadContext,
): Promise<Tree> {
	const [source = "-", ...others] = sources;
	const reading = kind.read(sources, options, context);
	// Which of several an error is about, the parsers say themselves.
	if (others.length > 0) return reading;
	const isRecognised = options.from === undefined && source !== "-";
	const tree = await parsing(source, kind, isRecognised, reading);
	if (isRecognised && kind === tarSource) checkIsLayer(source, tree);
	return tree;
}

function severalText({ name }: SourceKind, sources: readonly string[], printDigestOnly?: true): string {
	const text = `a ${name} is one source: ${sources.join(", ")} are ${sources.length}`;
	return printDigestOnly ? `${text}; with --print-digest-only no image is named` : text;
}
