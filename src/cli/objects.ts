/** `composefs objects` and `missing-objects`: what images need in a store. With --check, ends with 3 if something is missing. */
import { stat } from "node:fs/promises";
import type { Command } from "commander";
import { listObjects, missingObjects, type StoreObject } from "../image/index.ts";
import { nameToBytes, sortNames } from "../names.ts";
import { systemCall } from "../system-call.ts";
import type { Tree } from "../tree.ts";
import { EXIT, endWith, interruptible, UsageError } from "./exit.ts";
import { type ImageOptions, readTree } from "./images.ts";
import { collect, examples, imageCommand } from "./options.ts";
import { print, printJson } from "./print.ts";

const NEWLINE = Buffer.from("\n");

interface MissingOptions extends ImageOptions {
	readonly basedir: string[];
	readonly check?: true;
}

export function objectsCommand(): Command {
	return imageCommand("objects", "list the objects that images need, each once")
		.addHelpText("after", examples("composefs objects a.cfs b.cfs"))
		.action(async (images: string[], options: ImageOptions) => {
			const objects = await find(images, options, (tree, signal) => listObjects(tree, { signal }));
			await printObjects(objects, options);
		});
}

export function missingObjectsCommand(): Command {
	return imageCommand("missing-objects", "list the objects that images need and no store has")
		.requiredOption("--basedir <folder>", "an object store; may be repeated", collect)
		.option("--check", "end with 3 if there are any; without it, composefs-info's status: 0")
		.addHelpText(
			"after",
			examples(
				"composefs missing-objects --basedir /var/objects rootfs.cfs",
				"composefs missing-objects --check --basedir /var/objects rootfs.cfs && mount …",
			),
		)
		.action(missing);
}

async function missing(images: string[], options: MissingOptions): Promise<void> {
	const { basedir, check } = options;
	for (const folder of basedir) await checkFolder(folder);
	const objects = await find(images, options, (tree, signal) => missingObjects(tree, basedir, { signal }));
	const status = check && objects.length > 0 ? EXIT.verificationFailed : EXIT.success;
	await endWith(status, () => printObjects(objects, options));
}

/** In a store whose name is mistyped, every object would be missing. */
async function checkFolder(folder: string): Promise<void> {
	const status = await systemCall(stat(folder), folder);
	if (!status.isDirectory()) throw new UsageError(`--basedir is ${folder}, which is no folder`);
}

/** Of all images, each once, in order. */
async function find(
	images: string[],
	options: ImageOptions,
	findIn: (tree: Tree, signal: AbortSignal) => Promise<StoreObject[]>,
): Promise<StoreObject[]> {
	return interruptible(async (signal) => {
		const objects = new Map<string, StoreObject>();
		// One list for all of them: without those of an image that cannot be read it would look like the whole.
		for (const image of images) {
			const tree = await readTree(image, options, signal);
			for (const object of await findIn(tree, signal)) objects.set(object.path, object);
		}
		return sortNames([...objects.keys()]).map((path) => objects.get(path) as StoreObject);
	});
}

async function printObjects(objects: readonly StoreObject[], { json }: ImageOptions): Promise<void> {
	if (json) await printJson(objects);
	else await print(objects.map(({ path }) => Buffer.concat([nameToBytes(path), NEWLINE])));
}
