import { describe, expect, test } from "@jest/globals";
import { LIB, runModule } from "./support/child.ts";

/** What each thread does: makes a tree of its own, and tells the digests of its image, written five times. */
const WORK = `
	const { Tree, writeImage } = await import("${LIB}/index.js");
	const digests = async (seed) => {
		const tree = new Tree();
		for (let i = 0; i < 3000; i++) tree.writeFile("/" + seed + "-" + i, { size: i + seed });
		const images = Array.from({ length: 5 }, () => writeImage(tree));
		return (await Promise.all(images)).map(({ digest }) => digest);
	};`;

const THREAD = `
	import { parentPort, workerData } from "node:worker_threads";
	${WORK}
	parentPort.postMessage(await digests(workerData));`;

describe("worker threads", () => {
	test("each write trees of their own, at once and beside the main thread", () => {
		const { ended, stdout, stderr } = runModule(`
			import { once } from "node:events";
			import { Worker } from "node:worker_threads";
			${WORK}
			const seeds = [1, 2, 3, 4];
			const threads = seeds.map((workerData) => new Worker(${JSON.stringify(THREAD)}, {
				eval: true, // as a module, as this one is
				workerData,
			}));
			const answers = threads.map(async (thread) => (await once(thread, "message"))[0]);
			const [main, ...others] = await Promise.all([digests(0), ...answers]);
			const alone = await Promise.all(seeds.map(digests));
			console.log(JSON.stringify({ main, others, alone }));`);
		expect([ended, stderr]).toEqual([0, ""]);
		const { main, others, alone } = JSON.parse(stdout);
		expect(others).toEqual(alone);
		const all: string[][] = [main, ...others];
		for (const digests of all) expect(new Set(digests).size).toBe(1);
		expect(new Set(all.flat()).size).toBe(5);
	});
});
