import { readdirSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "@jest/globals";
import { LIB, runNode } from "./support/child.ts";
import { projectRoot } from "./support/needs.ts";
import { useTemporaryFolder } from "./support/temporary.ts";

// A process or worker thread may end at any time: it must end well, and leave no half image behind.

const STAGES = ["queued", "encoding", "building", "writing", "aborted", "rejected", "finished", "abandoned"];
const ENDS = ["exit", "terminate", "natural"];

const temporary = useTemporaryFolder();
const program = path.join(projectRoot, "test/fixtures/teardown.mjs");

describe.each(STAGES)("%s", (stage) => {
	test.each(ENDS)("%s", (end) => {
		const result = runNode([program, LIB, stage, end, temporary()], { env: { UV_THREADPOOL_SIZE: "1" } });
		expect(result).toEqual({ ended: 0, stdout: `${stage}\n`, stderr: "" });
		const left = readdirSync(temporary());
		expect(left.filter((name) => name !== "image")).toEqual([]);
		if (stage === "finished") expect(left).toEqual(["image"]);
		if (stage === "rejected") expect(left).toEqual([]);
	});
});

test("bug: each worker thread that was the only one with the addon left some memory behind", () => {
	const program = `
		import { readFileSync } from "node:fs";
		import { Worker } from "node:worker_threads";
		const kilobytes = () => Number(/VmSize:\\s+(\\d+)/.exec(readFileSync("/proc/self/status", "utf8"))[1]);
		const write = ${JSON.stringify(`
			import(${JSON.stringify(`${LIB}/index.js`)})
				.then(({ writeImage, Tree }) => writeImage(new Tree(), { digestOnly: true }))
				.then(() => process.exit());`)};
		const run = () => new Promise((resolve) => new Worker(write, { eval: true }).on("exit", resolve));
		for (let n = 0; n < 10; n++) await run();
		const before = kilobytes();
		for (let n = 0; n < 20; n++) await run();
		console.log((kilobytes() - before) / 20 < 400);`;
	// The C library takes 64 MiB for a thread whenever it likes, unless it is told not to.
	const result = runNode(["--input-type=module", "-e", program], { env: { MALLOC_ARENA_MAX: "1" } });
	expect(result).toEqual({ ended: 0, stdout: "true\n", stderr: "" });
});
