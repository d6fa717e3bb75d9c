/** Reading images, against composefs-info. */
import { fileURLToPath } from "node:url";
import { openImage, readImage } from "composefs/image";
import { runApart } from "./apart.ts";
import { type Contestant, type LoopLoad, median, medianRatio, runPaired } from "./measure.ts";
import { findPeer, runToEnd } from "./peers.ts";

export interface ImageResult {
	readonly times: Record<string, number>;
	readonly ratios: { readonly read: number; readonly dump: number };
	readonly loop: LoopLoad;
	/** Milliseconds of CPU for opening an image and one stat deep inside. */
	readonly statCpu: number;
}

const program = fileURLToPath(new URL("../../../lib/cli/main.js", import.meta.url));

export async function measureImage(name: string, image: string, rounds: number): Promise<ImageResult> {
	const composefsInfo = findPeer("composefs-info");
	const contestants: Contestant[] = [
		["read", () => readImage(image)],
		["dump", () => runToEnd(process.execPath, [program, "dump", image])],
	];
	if (composefsInfo !== undefined) contestants.push(["info", () => runToEnd(composefsInfo, ["dump", image])]);
	const times = await runPaired(contestants, rounds, `${name}: image`);
	const info = times.get("info") ?? [];
	return {
		times: Object.fromEntries([...times].map(([name, values]) => [name, median(values)])),
		ratios: {
			read: medianRatio(times.get("read") ?? [], info),
			dump: medianRatio(times.get("dump") ?? [], info),
		},
		loop: runApart<LoopLoad>("read-loop.js", image),
		statCpu: await statCpu(image),
	};
}

async function statCpu(image: string): Promise<number> {
	const path = await deepestPath(image);
	const times: number[] = [];
	for (let i = 0; i < 11; i++) {
		const before = process.cpuUsage();
		const opened = await openImage(image);
		await opened.stat(path);
		await opened.close();
		const { user, system } = process.cpuUsage(before);
		times.push((user + system) / 1000);
	}
	return median(times);
}

async function deepestPath(image: string): Promise<string> {
	let deepest = "/";
	let depth = 0;
	for (const { path } of (await readImage(image)).walk()) {
		const levels = path.split("/").length;
		if (levels > depth) [deepest, depth] = [path, levels];
	}
	return deepest;
}
