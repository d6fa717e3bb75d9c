/** `composefs objects` and `missing-objects`: what images need in a store. */
import { stat } from "node:fs/promises";
import type { Command } from "commander";
import { listObjects, missingObjects, type StoreObject } from "../image/index.ts";
import { nameToBytes, sortNames } from "../names.ts";
import { systemCall } from "../system-call.ts";
import type { Tree } from "../tree.ts";
import { interruptible, UsageError } from "./exit.ts";
import { type ImageOptions, readTree } from "./images.ts";
import { collect, examples, imageCommand } from "./options.ts";
import { print, printJson } from "./print.ts";

const NEWLINE = Buffer.from("\n");

interface MissingOptions extends ImageOptions {
	readonly basedir: string[];
}

export function objectsCommand(): Command {
	return imageCommand("objects", "list the objects that images need, each once")
		.addHelpText("after", examples("composefs objects a.cfs b.cfs"))
		.action((images: string[], options: ImageOptions) =>
			list(images, options, (tree, signal) => listObjects(tree, { signal })),
		);
}

export function missingObjectsCommand(): Command {
	return imageCommand("missing-objects", "list the objects that images need and no store has")
		.requiredOption("--basedir <folder>", "an object store; may be repeated", collect)
		.addHelpText("after", examples("composefs missing-objects --basedir /var/objects rootfs.cfs"))
		.action(async (images: string[], options: MissingOptions) => {
			for (const folder of options.basedir) await checkFolder(folder);
			await list(images, options, (tree, signal) => missingObjects(tree, options.basedir, { signal }));
		});
}

/** In a store whose name is mistyped, every object would be missing. */
async function checkFolder(folder: string): Promise<void> {
	const status = await systemCall(stat(folder), folder);
	if (!status.isDirectory()) throw new UsageError(`--basedir is ${folder}, which is no folder`);
}

async function list(
	images: string[],
	options: ImageOptions,
	find: (tree: Tree, signal: AbortSignal) => Promise<StoreObject[]>,
): Promise<void> {
	await interruptible(async (signal) => {
		const objects = new Map<string, StoreObject>();
		// One list for all of them: without those of an image that cannot be read it would look like the whole.
		for (const image of images) {
			const tree = await readTree(image, options, signal);
			for (const object of await find(tree, signal)) objects.set(object.path, object);
		}
		const paths = sortNames([...objects.keys()]);
		if (options.json) await printJson(paths.map((path) => objects.get(path)));
		else await print(paths.map((path) => Buffer.concat([nameToBytes(path), NEWLINE])));
	});
}
