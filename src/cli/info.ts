/** `composefs info`: images at a glance. */
import { Command } from "commander";
import { type ImageInfo, imageInfo } from "../image/index.ts";
import { NANOSECONDS } from "../time.ts";
import { interruptible, readingOf } from "./exit.ts";
import { examples } from "./options.ts";
import { columns, print, printJson } from "./print.ts";
import { failUnlessAllRead, readable, readEach } from "./read-each.ts";

export function infoCommand(): Command {
	return new Command("info")
		.description("print version, flags, counts, size and digest of images")
		.argument("<image...>")
		.option("--json", "print JSON")
		.addHelpText("after", examples("composefs info rootfs.cfs", "composefs info --json *.cfs"))
		.action(info);
}

async function info(images: string[], options: { readonly json?: true }): Promise<void> {
	await interruptible(async (signal) => {
		const all = await readEach(images, async (image) => {
			return { image, ...(await readingOf(image, imageInfo(image, { signal }))) };
		});
		if (options.json) await printJson(all);
		else await print([readable(all).map(format).join("\n")]);
		failUnlessAllRead(all);
	});
}

function format({ image, ...info }: { image: string } & ImageInfo): string {
	return columns([
		["image", image],
		["version", `${info.version}`],
		["flags", info.hasAcl ? "HAS_ACL" : "none"],
		["inodes", count(info.inodeCount)],
		["blocks", `${count(info.blockCount)} of 4,096 bytes`],
		["size", `${count(info.size)} bytes`],
		["earliest", earliest(info.buildTimeNs)],
		["digest", info.digest],
	]);
}

function count(value: number): string {
	return value.toLocaleString("en");
}

/** Of years that a Date cannot have, the seconds. */
function earliest(nanoseconds: bigint): string {
	const date = new Date(Number(nanoseconds / 1_000_000n));
	return Number.isNaN(date.getTime()) ? `${nanoseconds / NANOSECONDS} s` : date.toISOString();
}
