/** `composefs gc`: objects that no image needs are removed. */
import { readdir, stat } from "node:fs/promises";
import path from "node:path";
import { Command } from "commander";
import { type GcResult, ObjectStore } from "../store/index.ts";
import { interruptible, UsageError } from "./exit.ts";
import { examples } from "./options.ts";
import { counted, print, printJson } from "./print.ts";

interface GcCommandOptions {
	readonly store: string;
	readonly dryRun?: true;
	readonly json?: true;
}

export function gcCommand(): Command {
	return new Command("gc")
		.description("remove the objects of a store that none of the images needs")
		.argument(
			"<image...>",
			"every image that uses the store; of a folder, every file that is not the store's own",
		)
		.requiredOption("--store <folder>", "the object store")
		.option("--dry-run", "only list what would be removed")
		.option("--json", "print JSON")
		.addHelpText("after", examples("composefs gc --store /var/objects --dry-run /var/images"))
		.action(gc);
}

async function gc(images: string[], { store: folder, dryRun, json }: GcCommandOptions): Promise<void> {
	const result = await interruptible(async (signal) => {
		await using store = await ObjectStore.open(folder, { create: false });
		return await store.gc(imagesOf(images, await identityOf(folder)), { dryRun, signal });
	});
	if (json) await printJson(result);
	else await print(format(result, dryRun ? "would remove" : "removed"));
}

/** Folders are read while gc has the store for itself: an image that came before is found, none can come meanwhile. */
async function* imagesOf(paths: readonly string[], store: string): AsyncGenerator<string> {
	for (const place of paths) {
		const isFolder = await stat(place).then(
			(status) => status.isDirectory(),
			() => false,
		);
		let count = 0;
		for await (const image of isFolder ? filesIn(place, store) : [place]) {
			count++;
			yield image;
		}
		// One that is not mounted yet looks so, and every object would be garbage.
		if (count === 0) throw new UsageError(`${place}: there is no image in it`);
	}
}

/** What is the store's own in its folder: objects, and files whose names begin with a dot. */
const OF_STORE = /^(?:[0-9a-f]{2}$|\.)/;

/** Where the store is in the folder, what is its own is no image; beside that, there may be images in it too. */
async function* filesIn(folder: string, store: string): AsyncGenerator<string> {
	const isStore = (await identityOf(folder)) === store;
	for (const entry of await readdir(folder, { withFileTypes: true })) {
		if (isStore && OF_STORE.test(entry.name)) continue;
		const place = path.join(folder, entry.name);
		if (entry.isDirectory()) yield* filesIn(place, store);
		else yield place;
	}
}

/** What a folder is, by whatever path it is named. */
async function identityOf(folder: string): Promise<string> {
	const { dev, ino } = await stat(folder, { bigint: true });
	return `${dev}:${ino}`;
}

function* format({ removed, freed, kept, leftovers }: GcResult, done: string): Generator<string> {
	for (const { path } of removed) yield `${path}\n`;
	for (const name of leftovers) yield `${name}\n`;
	const gone = `${counted(removed.length, "object")} of ${counted(freed, "byte")}, ${leftovers.length} unfinished`;
	yield `${done} ${gone}; ${counted(kept, "object")} ${kept === 1 ? "is" : "are"} needed\n`;
}
