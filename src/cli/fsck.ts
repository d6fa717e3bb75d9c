/** `composefs fsck`: are a store's objects what their names say? Ends with 3 if one is not. */
import { Command } from "commander";
import { type BadObject, type FsckResult, ObjectStore } from "../store/index.ts";
import { EXIT, ExitStatus, interruptible } from "./exit.ts";
import { examples } from "./options.ts";
import { colour, counted, print, printJson } from "./print.ts";

interface FsckCommandOptions {
	readonly store: string;
	readonly json?: true;
}

export function fsckCommand(): Command {
	return new Command("fsck")
		.description("check every object of a store, and that it has what the images need")
		.argument("[image...]")
		.requiredOption("--store <folder>", "the object store")
		.option("--json", "print JSON")
		.addHelpText("after", examples("composefs fsck --store /var/objects /var/images/*.cfs"))
		.action(fsck);
}

async function fsck(images: string[], { store: folder, json }: FsckCommandOptions): Promise<void> {
	const result = await interruptible(async (signal) => {
		await using store = await ObjectStore.open(folder, { create: false });
		return await store.fsck(images, { signal });
	});
	if (json) await printJson(result);
	else await print(format(result));
	if (result.bad.length > 0) throw new ExitStatus(EXIT.verificationFailed);
}

function* format({ objects, bytes, bad, leftovers }: FsckResult): Generator<string> {
	for (const object of bad) yield describe(object);
	if (leftovers.length > 0) yield `${leftovers.length} unfinished, which gc removes\n`;
	const verdict = bad.length === 0 ? colour("green", "OK") : colour("red", `${bad.length} BAD`);
	yield `${counted(objects, "object")} of ${counted(bytes, "byte")}: ${verdict}\n`;
}

function describe({ path, problem, message, images }: BadObject): string {
	const broken = images.length === 0 ? "" : `; it breaks ${images.join(", ")}`;
	return `${path}: ${colour("red", problem)}: ${message}${broken}\n`;
}
