/** A directory becomes an image and an object store, against mkcomposefs with as many threads. */
import { execFileSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, rmSync } from "node:fs";
import { availableParallelism } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { writeImage } from "composefs";
import { fromDirectory } from "composefs/directory";
import { ObjectStore } from "composefs/store";
import { type Contestant, median, medianRatio, runPaired } from "./measure.ts";
import { findPeer, runToEnd } from "./peers.ts";
import { formatTable } from "./table.ts";

/** A part of the system that is about 300 MB in 18,000 names; copied, so that nothing changes it meanwhile. */
const PARTS = ["include", "lib/python3", "share/zoneinfo", "lib/node_modules", "share/perl", "libexec"];
const ROUNDS = 3;
const program = fileURLToPath(new URL("../../../lib/cli/main.js", import.meta.url));

/** @param source   a directory of the caller's; without it, one is made */
export async function measureDirectory(folder: string, source = makeSource(folder)): Promise<string> {
	const threads = availableParallelism();
	const rows = [];
	for (const fresh of [true, false]) {
		const times = await runPaired(
			contestants(folder, source, threads, fresh),
			ROUNDS,
			`directory, store ${fresh ? "fresh" : "full"}`,
		);
		const theirs = times.get("mkcomposefs") ?? [];
		const row: Record<string, string> = { store: fresh ? "fresh" : "has everything" };
		for (const [name, values] of times) row[name] = `${median(values).toFixed(0)} ms`;
		row["in a process"] = medianRatio(times.get("fromDirectory") ?? [], theirs).toFixed(2);
		row["command line"] = medianRatio(times.get("composefs build") ?? [], theirs).toFixed(2);
		rows.push(row);
	}
	return `${source}, ${threads} threads; ratios to mkcomposefs --digest-store\n\n${formatTable(rows)}`;
}

/** Made once: what is there is taken again. */
export function makeSource(folder: string): string {
	const source = path.join(folder, "source");
	if (existsSync(source)) return source;
	for (const part of PARTS)
		if (existsSync(`/usr/${part}`)) {
			mkdirSync(path.dirname(path.join(source, part)), { recursive: true });
			cpSync(`/usr/${part}`, path.join(source, part), {
				recursive: true,
				preserveTimestamps: true,
				verbatimSymlinks: true,
			});
		}
	execFileSync("sync");
	return source;
}

/** Each has a store of its own; a fresh one is made by removing what was in it, outside of what is measured. */
function contestants(folder: string, source: string, threads: number, fresh: boolean): Contestant[] {
	const [stores, image] = [path.join(folder, "stores"), path.join(folder, "directory.cfs")];
	let number = 0;
	const store = (name: string) => path.join(stores, name + (fresh ? `-${number++}` : ""));
	const all: Contestant[] = [
		["fromDirectory", () => buildInProcess(source, image, store("process"), threads)],
	];
	const shared = ["--threads", `${threads}`, "--digest-store"];
	const command = () => [program, "build", "--break-hard-links", ...shared, store("command"), source, image];
	all.push(["composefs build", () => runToEnd(process.execPath, command())]);
	const mkcomposefs = findPeer("mkcomposefs");
	if (mkcomposefs !== undefined)
		all.push([
			"mkcomposefs",
			() => runToEnd(mkcomposefs, [`--threads=${threads}`, `--digest-store=${store("peer")}`, source, image]),
		]);
	rmSync(stores, { recursive: true, force: true });
	mkdirSync(stores, { recursive: true });
	return all;
}

async function buildInProcess(source: string, image: string, folder: string, threads: number): Promise<void> {
	const store = await ObjectStore.open(folder, { sync: "flush", parallel: threads });
	try {
		const tree = await fromDirectory(source, { store, threads, breakHardLinks: true });
		await store.flush();
		await writeImage(tree, { to: image });
	} finally {
		await store.close();
	}
}
