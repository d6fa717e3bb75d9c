/** `composefs dump`: images as composefs-dump(5), as `composefs-info dump` prints them. */
import type { Command } from "commander";
import { dumpText } from "../image-text.ts";
import type { Inode } from "../inode.ts";
import type { Tree } from "../tree.ts";
import { interruptible, readingOf } from "./exit.ts";
import type { ImageOptions } from "./images.ts";
import { examples, imageCommand } from "./options.ts";
import { print, printImageLists } from "./print.ts";
import { failUnlessAllRead, readEach } from "./read-each.ts";

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
		if (options.json) return dumpJson(images, options, signal);
		const all = await readEach(images, async (image) => {
			const text =
				options.filter === undefined ? await readingOf(image, dumpText(image, { signal })) : undefined;
			await print(text ?? (await treeText(image, options, signal)));
			return {};
		});
		failUnlessAllRead(all);
	});
}

// What trees take is loaded for those who need them.

async function treeText(
	image: string,
	options: ImageOptions,
	signal: AbortSignal,
): Promise<Iterable<string>> {
	const [{ readTree }, { formatDumpChunks }] = await Promise.all([
		import("./images.ts"),
		import("../dump/format.ts"),
	]);
	return formatDumpChunks(await readTree(image, options, signal));
}

async function dumpJson(
	images: readonly string[],
	options: ImageOptions,
	signal: AbortSignal,
): Promise<void> {
	const [{ readTree }, { inodeToJson }, { LinkNames }] = await Promise.all([
		import("./images.ts"),
		import("./json.ts"),
		import("./links.ts"),
	]);
	const dumps = await readEach(images, async (image) => {
		const tree = await readTree(image, options, signal);
		const names = new LinkNames();
		for (const { path, inode } of tree.walk()) names.add(inode, path);
		return { image, entries: entriesOf(tree, (path, inode) => inodeToJson(path, inode, names)) };
	});
	await printImageLists(dumps);
	failUnlessAllRead(dumps);
}

function* entriesOf(tree: Tree, toJson: (path: string, inode: Inode) => unknown): Generator<unknown> {
	for (const { path, inode } of tree.walk()) yield toJson(path, inode);
}
