/** `composefs fsck`: are a store's objects what their names say? Ends with 3 if one is not. */
import { Command } from "commander";
import { escapeListed } from "../dump/escape.ts";
import { type BadObject, type FsckResult, ObjectStore } from "../store/index.ts";
import { EXIT, endWith, interruptible } from "./exit.ts";
import { type FileOfImage, filesOfObjects } from "./files-of-objects.ts";
import { examples } from "./options.ts";
import { colour, counted, print, printJsonObject } from "./print.ts";

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
	const { bad, ...rest } = await interruptible(async (signal) => {
		const result = await check(folder, images, signal);
		return { ...result, bad: await withFiles(result.bad, signal) };
	});
	const status = bad.length === 0 ? EXIT.success : EXIT.verificationFailed;
	await endWith(status, () => (json ? printJsonObject(rest, "bad", bad) : print(format({ bad, ...rest }))));
}

async function check(folder: string, images: string[], signal: AbortSignal): Promise<FsckResult> {
	await using store = await ObjectStore.open(folder, { create: false });
	return await store.fsck(images, { signal });
}

interface BadWithFiles extends BadObject {
	readonly files: readonly FileOfImage[];
}

/** Images with bad objects are read once more: keeping each file's path in case it is wanted would take more. */
async function withFiles(bad: readonly BadObject[], signal: AbortSignal): Promise<BadWithFiles[]> {
	const broken = [...new Set(bad.flatMap(({ images }) => images))];
	const paths = bad.map(({ path }) => path);
	const files = await filesOfObjects(paths, broken, signal);
	return bad.map((object) => ({ ...object, files: files.get(object.path) ?? [] }));
}

interface ToPrint extends FsckResult {
	readonly bad: readonly BadWithFiles[];
}

function* format({ objects, bytes, bad, leftovers }: ToPrint): Generator<string> {
	for (const object of bad) yield* describe(object);
	if (leftovers.length > 0) yield `${leftovers.length} unfinished, which gc removes\n`;
	const verdict = bad.length === 0 ? colour("green", "OK") : colour("red", `${bad.length} BAD`);
	yield `${counted(objects, "object")} of ${counted(bytes, "byte")}: ${verdict}\n`;
}

function* describe({ path, problem, message, images, files }: BadWithFiles): Generator<string> {
	const broken = images.length === 0 ? "" : `; it breaks ${images.join(", ")}`;
	yield `${path}: ${colour("red", problem)}: ${message}${broken}\n`;
	for (const file of files) yield `  ${file.image}: ${escapeListed(file.path)}\n`;
}
