/**
 * `npm run bench [-- SET…]`: a tree in memory becomes an image on disk, against mkcomposefs on a ready dump
 * file and against a Node program that pipes dump text to it. bench/README.md tells how to read it.
 */
import { spawnSync } from "node:child_process";
import { createReadStream, createWriteStream, mkdirSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { fileURLToPath } from "node:url";
import { type Tree, writeImage } from "composefs";
import { formatDumpChunks, parseDump } from "composefs/dump";
import { type Contestant, type LoopLoad, measureLoop, median, medianRatio, runPaired } from "./measure.ts";
import { findMkcomposefs, peakMemoryOf, runOnFile, runOnPipe } from "./peers.ts";
import { type BenchmarkSet, SETS } from "./sets.ts";
import { formatTable } from "./table.ts";

const folder = fileURLToPath(new URL("../../bench/", import.meta.url));
const mkcomposefs = findMkcomposefs();

interface Result {
	readonly set: string;
	readonly entries: number;
	readonly times: Record<string, number>;
	readonly ratios: Record<string, number>;
	readonly loop: LoopLoad;
	readonly memory: { readonly ours: number; readonly mkcomposefs: number | undefined };
}

async function measure(set: BenchmarkSet): Promise<Result> {
	const tree = await set.make();
	const dump = path.join(folder, "tree.dump");
	const image = path.join(folder, "tree.cfs");
	await pipeline(Readable.from(formatDumpChunks(tree)), createWriteStream(dump));
	const times = await runPaired(contestants(tree, dump, image), set.rounds);
	const loads: LoopLoad[] = [];
	for (let i = 0; i < 5; i++) loads.push(await measureLoop(() => writeImage(tree, { to: image })));
	const ours = times.get("tree") ?? [];
	const file = times.get("file") ?? [];
	return {
		set: set.name,
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
		["file", () => runOnFile(mkcomposefs, dump, image)],
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
	return Number(result.stdout);
}

const wanted = process.argv.slice(2);
const sets = wanted.length === 0 ? SETS : SETS.filter(({ name }) => wanted.includes(name));
if (sets.length === 0) throw new Error(`the sets are ${SETS.map(({ name }) => name).join(", ")}`);
mkdirSync(folder, { recursive: true });
console.log(`${os.cpus().length} × ${os.cpus()[0]?.model}, Linux ${os.release()}, Node ${process.version}`);
console.log(`mkcomposefs: ${mkcomposefs ?? "not found; name it with MKCOMPOSEFS or put it on PATH"}\n`);
const results: Result[] = [];
for (const set of sets) {
	process.stderr.write(`measuring ${set.name} …\n`);
	results.push(await measure(set));
}
console.log(formatTable(results.map(toRow)));
console.log(`
tree: tree in memory → image on disk; dump: dump text → image; both in a running Node, file synced
file: mkcomposefs --from-file, dump on disk; pipe: a Node program piping dump text to it
blocked: main thread busy in all, for each 100,000 entries; stall: its longest wait; medians of paired rounds`);
writeFileSync(path.join(folder, "results.json"), `${JSON.stringify(results, null, 2)}\n`);
for (const file of ["tree.dump", "tree.cfs"]) rmSync(path.join(folder, file), { force: true });

function toRow({ set, entries, times, ratios, loop, memory }: Result): Record<string, string> {
	const ms = (value: number | undefined) => (value === undefined ? "–" : `${value.toFixed(0)} ms`);
	const ratio = (value: number | undefined) => (Number.isFinite(value) ? (value as number).toFixed(2) : "–");
	const mib = (value: number | undefined) =>
		value === undefined ? "–" : `${(value / 2 ** 20).toFixed(0)} MiB`;
	return {
		set,
		entries: entries.toLocaleString("en"),
		tree: ms(times.tree),
		file: ms(times.file),
		"tree/file": ratio(ratios.file),
		pipe: ms(times.pipe),
		"tree/pipe": ratio(ratios.pipe),
		dump: ms(times.dump),
		"dump/file": ratio(ratios.dump),
		"blocked/100k": ms((loop.busy * 100_000) / entries),
		stall: ms(loop.longest),
		memory: mib(memory.ours),
		"mk memory": mib(memory.mkcomposefs),
	};
}
