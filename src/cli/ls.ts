/** `composefs ls`: the names in images, as `composefs-info ls` prints them. */
import type { Command } from "commander";
import { escapeListed, escapeName } from "../dump/escape.ts";
import type { Inode } from "../inode.ts";
import type { Tree } from "../tree.ts";
import { interruptible } from "./exit.ts";
import { type ImageOptions, readTree } from "./images.ts";
import { examples, imageCommand } from "./options.ts";
import { print, printImageLists } from "./print.ts";
import { failUnlessAllRead, readEach } from "./read-each.ts";

export function lsCommand(): Command {
	return imageCommand("ls", "list what is in images")
		.addHelpText("after", examples("composefs ls rootfs.cfs", "composefs ls --filter etc --json rootfs.cfs"))
		.action(ls);
}

async function ls(images: string[], options: ImageOptions): Promise<void> {
	await interruptible(async (signal) => {
		const listings = await readEach(images, async (image) => {
			const tree = await readTree(image, options, signal);
			if (!options.json) await print(lines(tree));
			return { image, entries: options.json ? jsonEntries(tree) : [] };
		});
		if (options.json) await printImageLists(listings);
		failUnlessAllRead(listings);
	});
}

/** A directory ends with a slash; behind a tab stand a symlink's target or a file's object. */
function* lines(tree: Tree): Generator<string> {
	const met = new Set<Inode>();
	for (const { path, inode } of tree.walk()) {
		if (inode === tree.root) continue;
		yield `${escapeListed(path)}${met.has(inode) ? "" : detail(inode)}\n`;
		met.add(inode);
	}
}

function detail(inode: Inode): string {
	if (inode.type === "directory") return "/\t";
	if (inode.type === "symlink") return `\t-> ${escapeName(inode.target)}`;
	return inode.type === "file" && inode.path !== undefined ? `\t@ ${escapeName(inode.path)}` : "";
}

function* jsonEntries(tree: Tree): Generator<Record<string, unknown>> {
	for (const { path, inode } of tree.walk()) {
		const { type } = inode;
		if (type === "symlink") yield { path, type, target: inode.target };
		else if (type === "file" && inode.path !== undefined) yield { path, type, object: inode.path };
		else yield { path, type };
	}
}
