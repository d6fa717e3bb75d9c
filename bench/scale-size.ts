/** Run in a process of its own: measures one size of `scale`, and prints it as JSON. */
import { createWriteStream, mkdirSync, rmSync } from "node:fs";
import path from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { type Tree, writeImage } from "composefs";
import { formatDumpChunks } from "composefs/dump";
import { runApart } from "./apart.ts";
import { type Contestant, runPaired } from "./measure.ts";
import type { PeakMemory } from "./memory.ts";
import { peakMemoryOf, runOnPipe, runToEnd } from "./peers.ts";
import type { ScaleResult } from "./plots.ts";
import { SCALE, type ScaleSet } from "./sets.ts";

const [name, folder, mkcomposefs] = process.argv.slice(2);
const set = SCALE.find((candidate) => candidate.name === name);
if (set === undefined || folder === undefined)
	throw new Error("usage: scale-size.js SET FOLDER [MKCOMPOSEFS]");
mkdirSync(folder, { recursive: true });
try {
	console.log(JSON.stringify(await measure(set, folder)));
} finally {
	rmSync(folder, { recursive: true });
}

async function measure({ name, entries, rounds, make }: ScaleSet, work: string): Promise<ScaleResult> {
	const [dump, image] = [path.join(work, "tree.dump"), path.join(work, "tree.cfs")];
	const memory = runApart<PeakMemory>("memory.js", name, image);
	const tree = await make();
	if (mkcomposefs === undefined) {
		const times = await runPaired([contestant(tree, image)], rounds, name);
		return { entries, samples: Object.fromEntries(times), memory };
	}
	await pipeline(Readable.from(formatDumpChunks(tree)), createWriteStream(dump));
	const contestants: Contestant[] = [
		contestant(tree, image),
		["file", () => runToEnd(mkcomposefs, ["--from-file", dump, image])],
		["pipe", () => runOnPipe(mkcomposefs, tree, image)],
	];
	const samples = Object.fromEntries(await runPaired(contestants, rounds, name));
	return {
		entries,
		samples,
		memory: { ...memory, file: peakMemoryOf(mkcomposefs, ["--from-file", dump, image]) },
	};
}

function contestant(tree: Tree, image: string): Contestant {
	return ["tree", () => writeImage(tree, { to: image })];
}
