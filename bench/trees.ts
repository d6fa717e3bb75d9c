/** Trees become images, and images trees: against mkcomposefs and composefs-info. */
import { spawnSync } from "node:child_process";
import { createReadStream, createWriteStream, rmSync } from "node:fs";
import path from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { fileURLToPath } from "node:url";
import { type Tree, writeImage } from "composefs";
import { formatDumpChunks, parseDump } from "composefs/dump";
import { measureImage } from "./images.ts";
import { type Contestant, type LoopLoad, measureLoop, median, medianRatio, runPaired } from "./measure.ts";
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
	const loads: LoopLoad[] = [];
	for (let i = 0; i < 5; i++) loads.push(await measureLoop(() => writeImage(tree, { to: image })));
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
			pipe: medianRatio(ours, times.get("pipe") ?? []),
			dump: medianRatio(times.get("dump") ?? [], file),
		},
		loop: {
			busy: median(loads.map(({ busy }) => busy)),
			longest: median(loads.map(({ longest }) => longest)),
		},
		memory: {
			ours: ourMemory(set.name, image),
			mkcomposefs: mkcomposefs && peakMemoryOf(mkcomposefs, ["--from-file", dump, image]),
		} as Result["memory"],
	};
}

function contestants(tree: Tree, dump: string, image: string): Contestant[] {
	const ours: Contestant[] = [
		["tree", () => writeImage(tree, { to: image })],
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

function ourMemory(set: string, image: string): number {
	const program = fileURLToPath(new URL("memory.js", import.meta.url));
	const result = spawnSync(process.execPath, ["--expose-gc", program, set, image], { encoding: "utf8" });
	if (result.status !== 0) throw new Error(result.stderr);
	return Number(result.stdout.split(" ")[0]);
}
