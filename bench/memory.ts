/** Run in a process of its own: prints the peak memory of `writeImage` as JSON. */
import { readFileSync, writeFileSync } from "node:fs";
import { writeImage } from "composefs";
import { SCALE, SETS } from "./sets.ts";

/** In bytes: above what the tree takes, and in all. */
export type PeakMemory = Readonly<Record<"tree" | "process", number>>;

function status(field: string): number {
	const text = readFileSync("/proc/self/status", "utf8");
	return Number(new RegExp(`^${field}:\\s+(\\d+) kB`, "m").exec(text)?.[1]) * 1024;
}

const [name, image] = process.argv.slice(2);
const set = [...SETS, ...SCALE].find((candidate) => candidate.name === name);
if (set === undefined || image === undefined) throw new Error("usage: memory.js SET IMAGE");
const tree = await set.make();
globalThis.gc?.();
const before = status("VmRSS");
writeFileSync("/proc/self/clear_refs", "5"); // the peak begins anew (proc_pid_clear_refs(5))
await writeImage(tree, { to: image });
const peak = status("VmHWM");
console.log(JSON.stringify({ tree: peak - before, process: peak } satisfies PeakMemory));
