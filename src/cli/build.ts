/** `composefs build`: an image from a source. */
import { Command, Option } from "commander";
import { type WriteImageOptions, writeImage } from "../write.ts";
import { interruptible, UsageError } from "./exit.ts";
import { examples } from "./options.ts";
import { foreignOption, type SourceOptions, sourceOptions } from "./sources/kind.ts";
import { findSource, SOURCES } from "./sources/table.ts";

interface BuildOptions extends SourceOptions {
	readonly from?: string;
	readonly printDigest?: true;
	readonly printDigestOnly?: true;
	readonly minVersion: number;
	readonly maxVersion: number;
}

export function buildCommand(): Command {
	const kinds = SOURCES.map(({ name }) => name);
	const command = new Command("build")
		.description("write the composefs image of a source")
		.argument("<source>", SOURCES.map(({ name, description }) => `${name}: ${description}`).join("\n"))
		.argument("[image]", "where the image goes; - is stdout")
		.addOption(
			new Option("--from <kind>", "what the source is, if it is not what it looks like").choices(kinds),
		)
		.option("--print-digest", "print the fs-verity digest of the image")
		.option("--print-digest-only", "print the digest, write no image")
		.addOption(version("--min-version <version>", "lowest format version to use", 0))
		.addOption(version("--max-version <version>", "highest format version to use where needed", 1));
	for (const option of sourceOptions(SOURCES)) command.addOption(option);
	return command
		.addHelpText(
			"after",
			examples(
				"composefs build --store objects --print-digest rootfs rootfs.cfs",
				"zcat rootfs.dump.gz | composefs build --print-digest - rootfs.cfs",
				"composefs build --from dump --print-digest-only rootfs.dump",
			),
		)
		.action(build);
}

function version(flags: string, description: string, value: number): Option {
	const parse = (text: string) => (/^[01]$/.test(text) ? Number(text) : Number.NaN);
	return new Option(flags, description).argParser(parse).default(value);
}

async function build(
	source: string,
	image: string | undefined,
	options: BuildOptions,
	command: Command,
): Promise<void> {
	const { printDigest, printDigestOnly, minVersion, maxVersion } = options;
	if (Number.isNaN(minVersion) || Number.isNaN(maxVersion))
		throw new UsageError("a format version is 0 or 1");
	if (minVersion > maxVersion) throw new UsageError("--min-version is greater than --max-version");
	if (image === undefined && !printDigestOnly) throw new UsageError("no image to write to is named");
	if (image !== undefined && printDigestOnly)
		throw new UsageError("--print-digest-only leaves nothing to write to an image");
	if (image === "-" && printDigest) throw new UsageError("image and digest cannot both go to stdout");

	const kind = await findSource(source, options.from);
	const foreign = foreignOption(kind, SOURCES, (name) => command.getOptionValueSource(name) === "cli");
	if (foreign !== undefined) throw new UsageError(`${foreign.long} makes no sense for a ${kind.name}`);
	await interruptible(async (signal) => {
		const tree = await kind.read(source, options, signal);
		const { digest, warnings } = await writeImage(tree, {
			minVersion,
			maxVersion,
			signal,
			...destination(image),
		});
		for (const { message } of warnings) console.error(`composefs: warning: ${message}`);
		if (printDigest || printDigestOnly) console.log(digest);
	});
}

function destination(image: string | undefined): Pick<WriteImageOptions, "to" | "digestOnly"> {
	if (image === undefined) return { digestOnly: true };
	return { to: image === "-" ? process.stdout : image };
}
