/** `composefs dump`: images as composefs-dump(5), as `composefs-info dump` prints them. */
import type { Command } from "commander";
import { formatDumpChunks } from "../dump/index.ts";
import { interruptible } from "./exit.ts";
import { eachImage, type ImageOptions } from "./images.ts";
import { inodeToJson } from "./json.ts";
import { examples, imageCommand } from "./options.ts";
import { print, printJson } from "./print.ts";

export function dumpCommand(): Command {
	return imageCommand("dump", "print images as composefs-dump(5)")
		.addHelpText(
			"after",
			examples(
				"composefs dump rootfs.cfs > rootfs.dump",
				"composefs dump --json rootfs.cfs | jq '.[0].entries[0]'",
			),
		)
		.action(dump);
}

async function dump(images: string[], options: ImageOptions): Promise<void> {
	await interruptible(async (signal) => {
		const dumps: unknown[] = [];
		await eachImage(images, options, signal, async (tree, image) => {
			if (!options.json) return print(formatDumpChunks(tree));
			dumps.push({ image, entries: Array.from(tree.walk(), ({ path, inode }) => inodeToJson(path, inode)) });
		});
		if (options.json) await printJson(dumps);
	});
}
