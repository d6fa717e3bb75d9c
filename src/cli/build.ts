/** `composefs build`: an image from a source. */
import { createReadStream } from "node:fs";
import { Command, Option } from "commander";
import { parseDump } from "../dump/index.ts";
import type { Tree } from "../tree.ts";
import { type WriteImageOptions, writeImage } from "../write.ts";
import { interruptible, UsageError } from "./exit.ts";
import { examples } from "./options.ts";

interface BuildOptions {
	readonly from: "dump";
	readonly printDigest?: true;
	readonly printDigestOnly?: true;
	readonly minVersion: number;
	readonly maxVersion: number;
}

export function buildCommand(): Command {
	return new Command("build")
		.description("write the composefs image of a source")
		.argument("<source>", "composefs-dump(5) text; - is stdin")
		.argument("[image]", "where the image goes; - is stdout")
		.addOption(new Option("--from <kind>", "what the source is").choices(["dump"]).default("dump"))
		.option("--print-digest", "print the fs-verity digest of the image")
		.option("--print-digest-only", "print the digest, write no image")
		.addOption(version("--min-version <version>", "lowest format version to use", 0))
		.addOption(version("--max-version <version>", "highest format version to use where needed", 1))
		.addHelpText(
			"after",
			examples(
				"composefs build --from dump rootfs.dump rootfs.cfs",
				"zcat rootfs.dump.gz | composefs build --from dump --print-digest - rootfs.cfs",
				"composefs build --from dump --print-digest-only rootfs.dump",
			),
		)
		.action(build);
}

function version(flags: string, description: string, value: number): Option {
	const parse = (text: string) => (/^[01]$/.test(text) ? Number(text) : Number.NaN);
	return new Option(flags, description).argParser(parse).default(value);
}

async function build(source: string, image: string | undefined, options: BuildOptions): Promise<void> {
	const { printDigest, printDigestOnly, minVersion, maxVersion } = options;
	if (Number.isNaN(minVersion) || Number.isNaN(maxVersion))
		throw new UsageError("a format version is 0 or 1");
	if (minVersion > maxVersion) throw new UsageError("--min-version is greater than --max-version");
	if (image === undefined && !printDigestOnly) throw new UsageError("no image to write to is named");
	if (image !== undefined && printDigestOnly)
		throw new UsageError("--print-digest-only leaves nothing to write to an image");
	if (image === "-" && printDigest) throw new UsageError("image and digest cannot both go to stdout");

	await interruptible(async (signal) => {
		const tree = await readSource(source, signal);
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

function readSource(source: string, signal: AbortSignal): Promise<Tree> {
	const text = source === "-" ? process.stdin : createReadStream(source, { highWaterMark: 1 << 18 });
	return parseDump(text, { signal });
}
