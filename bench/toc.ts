/** Tables of contents: text on disk becomes an image on disk, against mkcomposefs on a ready dump. */
import { createReadStream, createWriteStream, rmSync } from "node:fs";
import path from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { type Tree, writeImage } from "composefs";
import { parseTocJson } from "composefs/toc";
import {
	type Contestant,
	type LoopLoad,
	measureMedianLoop,
	median,
	medianRatio,
	runPaired,
} from "./measure.ts";
import { runToEnd } from "./peers.ts";
import { tocText } from "./toc-text.ts";

/** What composefs-from-json takes, in the time that mkcomposefs takes for the dump of the same tree. */
const FROM_JSON = 1.6;

export interface TocResult {
	readonly times: Record<string, number>;
	/** Of composefs-from-json. */
	readonly ratio: number;
	readonly loop: LoopLoad;
}

export async function measureToc(
	tree: Tree,
	files: { readonly name: string; readonly folder: string; readonly dump: string },
	mkcomposefs: string | undefined,
	rounds: number,
): Promise<TocResult> {
	const text = path.join(files.folder, "tree.json");
	const image = path.join(files.folder, "toc.cfs");
	await pipeline(Readable.from(tocText(tree)), createWriteStream(text));
	const parse = () => parseTocJson([createReadStream(text, { highWaterMark: 1 << 18 })]);
	const contestants: Contestant[] = [
		["parse", parse],
		["toc", async () => writeImage(await parse(), { to: image })],
	];
	if (mkcomposefs !== undefined)
		contestants.push(["file", () => runToEnd(mkcomposefs, ["--from-file", files.dump, image])]);
	const times = await runPaired(contestants, rounds, `${files.name}: table of contents`);
	const loop = await measureMedianLoop(parse);
	for (const file of [text, image]) rmSync(file, { force: true });
	return {
		times: Object.fromEntries([...times].map(([name, values]) => [name, median(values)])),
		ratio: medianRatio(times.get("toc") ?? [], times.get("file") ?? []) / FROM_JSON,
		loop,
	};
}
