/** Trees of ten thousand to five million entries: how time and memory grow, for us and for the peers. */
import os from "node:os";
import path from "node:path";
import { runApart } from "./apart.ts";
import { median } from "./measure.ts";
import { findPeer } from "./peers.ts";
import type { ScaleResult } from "./plots.ts";
import { SCALE, type ScaleSet } from "./sets.ts";
import { formatTable } from "./table.ts";

/** Bytes for each entry, with some to spare: of the tree and its image here, and of mkcomposefs. */
const OURS = 1800;
const THEIRS = 1200;

/** @param limit  of entries: larger trees are left out */
export function measureScale(folder: string, limit: number): ScaleResult[] {
	const mkcomposefs = findPeer("mkcomposefs");
	const results: ScaleResult[] = [];
	for (const set of SCALE) {
		if (set.entries > limit) continue;
		const free = os.freemem();
		if (set.entries * OURS > free) {
			process.stderr.write(`${set.name}: left out, for want of memory\n`);
			continue;
		}
		// Both are in memory when they take turns.
		const hasRoom = set.entries * (OURS + THEIRS) < free;
		if (!hasRoom) process.stderr.write(`${set.name}: without mkcomposefs, for want of memory\n`);
		results.push(measureSize(set, path.join(folder, "scale"), hasRoom ? mkcomposefs : undefined));
	}
	return results;
}

function measureSize(set: ScaleSet, folder: string, mkcomposefs: string | undefined): ScaleResult {
	process.stderr.write(`measuring ${set.name} …\n`);
	return runApart("scale-size.js", set.name, folder, ...(mkcomposefs ? [mkcomposefs] : []));
}

export function formatScale(results: readonly ScaleResult[]): string {
	return formatTable(
		results.map(({ entries, samples, memory }) => {
			const times = (name: string) => (samples[name]?.length ? median(samples[name]) : undefined);
			const [tree, file, pipe] = ["tree", "file", "pipe"].map(times);
			const mib = (bytes: number | undefined) =>
				bytes === undefined ? "–" : `${(bytes / 2 ** 20).toFixed(0)} MiB`;
			const ms = (time: number | undefined) => (time === undefined ? "–" : `${time.toFixed(0)} ms`);
			return {
				entries: entries.toLocaleString("en"),
				tree: ms(tree),
				file: ms(file),
				pipe: ms(pipe),
				"µs/entry": tree === undefined ? "–" : ((tree * 1000) / entries).toFixed(2),
				memory: mib(memory.tree),
				"whole process": mib(memory.process),
				"mk memory": mib(memory.file),
			};
		}),
	);
}
