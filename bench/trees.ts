/** Trees become images, and images trees: against mkcomposefs and composefs-info. */
import { createReadStream, createWriteStream, rmSync } from "node:fs";
import path from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { type Tree, writeImage } from "composefs";
import { formatDumpChunks, parseDump } from "composefs/dump";
import { runApart } from "./apart.ts";
import { measureImage } from "./images.ts";
import { type Contestant, measureMedianLoop, median, medianRatio, runPaired } from "./measure.ts";
import type { PeakMemory } from "./memory.ts";
import { findPeer, leanDump, peakMemoryOf, runOnPipe, runToEnd } from "./peers.ts";
import type { Result } from "./report.ts";
import type { BenchmarkSet } from "./sets.ts";
import { measureToc } from "./toc.ts";

const mkcomposefs = findPeer("mkcomposefs");

/** Measures sets. */
export async function measureTrees(folder: string, sets: readonly BenchmarkSet[]): Promise<Result[]> {
	const results: Result[] = [];
	for (const set of sets) {
		process.stderr.write(`measuring ${set.name} …\n`);
		results.push(await measure(set, folder));
	}
	for (const file of ["tree.dump", "tree.cfs"]) rmSync(path.join(folder, file), { force: true });
	return results;
}

async function measure(set: BenchmarkSet, folder: string): Promise<Result> {
	const tree = await set.make();
	const dump = path.join(folder, "tree.dump");
	const image = path.join(folder, "tree.cfs");
	const text = set.isUnsorted ? leanDump(tree) : formatDumpChunks(tree);
	await pipeline(Readable.from(text), createWriteStream(dump));
	const times = await runPaired(contestants(tree, dump, image), set.rounds, set.name);
	const loop = await measureMedianLoop(() => writeImage(tree, { to: image }));
	const ours = times.get("tree") ?? [];
	const file = times.get("file") ?? [];
	return {
		set: set.name,
		image: await measureImage(set.name, image, set.rounds),
		toc: set.isToc
			? await measureToc(tree, { name: set.name, folder, dump }, mkcomposefs, set.rounds)
			: undefined,
		entries: [...tree.walk()].length,
		times: Object.fromEntries([...times].map(([name, values]) => [name, median(values)])),
		ratios: {
			file: medianRatio(ours, file),
			unsynced: medianRatio(times.get("unsynced") ?? [], file),
			pipe: medianRatio(ours, times.get("pipe") ?? []),
			dump: medianRatio(times.get("dump") ?? [], file),
		},
		loop,
		memory: {
			ours: runApart<PeakMemory>("memory.js", set.name, image).tree,
			mkcomposefs: mkcomposefs && peakMemoryOf(mkcomposefs, ["--from-file", dump, image]),
		} as Result["memory"],
	};
}

function contestants(tree: Tree, dump: string, image: string): Contestant[] {
	const ours: Contestant[] = [
		["tree", () => writeImage(tree, { to: image })],
		["unsynced", () => writeImage(tree, { to: image, flush: false })],
		["dump", async () => writeImage(await parseDump(readDump(dump)), { to: image })],
	];
	if (mkcomposefs === undefined) return ours;
	return [
		...ours,
		["file", () => runToEnd(mkcomposefs, ["--from-file", dump, image])],
		["pipe", () => runOnPipe(mkcomposefs, tree, image)],
	];
}

function readDump(dump: string): AsyncIterable<Buffer> {
	return createReadStream(dump, { highWaterMark: 1 << 18 });
}
