// Reads damaged images: node scripts/fuzz-image.mjs [EXECUTIONS] [--seed N] [--only NUMBER]
// Each must become a tree that can be written again, or a ComposefsError with a rule and an offset, within a second.
// Which damage an execution does follows from seed and number alone. It ends with 1 if anything else happened.
import { parseArgs } from "node:util";
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";
import { makeSeeds, mutate } from "./fuzz-image-seeds.mjs";

const WORKERS = 2;
const BATCH = 500;
const LIMIT_MS = 1000;
/** A worker that is silent for so long hangs. */
const SILENCE_MS = 30_000;
const MEMORY_MB = 512;

if (isMainThread) await main();
else await work();

async function main() {
	const { values, positionals } = parseArgs({
		allowPositionals: true,
		options: { seed: { type: "string", default: "1" }, only: { type: "string" } },
	});
	const seed = Number(values.seed);
	const images = await makeSeeds();
	if (values.only !== undefined) {
		const { image, text } = mutate(images, seed, Number(values.only));
		console.log(text, await outcomeOf(image));
		return;
	}
	const executions = Number(positionals[0] ?? 1_000_000);
	const start = performance.now();
	const report = { executions: 0, outcomes: new Map(), failures: [], slowestMs: 0, slowest: 0 };
	const shares = Array.from({ length: WORKERS }, (_, index) => index);
	await Promise.all(shares.map((index) => runWorker({ seed, images, index, executions }, report)));
	print(report, images.length, (performance.now() - start) / 1000);
	if (report.failures.length > 0 || report.executions !== executions) process.exitCode = 1;
}

/** Runs every WORKERSth execution from `index` on. */
function runWorker(data, report) {
	return new Promise((resolve) => {
		const worker = new Worker(new URL(import.meta.url), {
			workerData: data,
			resourceLimits: { maxOldGenerationSizeMb: MEMORY_MB },
		});
		let next = data.index;
		const end = (problem) => {
			clearTimeout(timer);
			if (problem !== undefined) report.failures.push(`from execution ${next} on: ${problem}`);
			worker.terminate();
			resolve();
		};
		const hang = () => end(`nothing for ${SILENCE_MS / 1000} s`);
		let timer = setTimeout(hang, SILENCE_MS);
		worker.on("error", (error) => end(String(error)));
		worker.on("message", (batch) => {
			clearTimeout(timer);
			timer = setTimeout(hang, SILENCE_MS);
			merge(report, batch);
			next = batch.next;
			if (batch.done) end();
		});
	});
}

function merge(report, batch) {
	report.executions += batch.executions;
	report.failures.push(...batch.failures);
	for (const [outcome, count] of batch.outcomes)
		report.outcomes.set(outcome, (report.outcomes.get(outcome) ?? 0) + count);
	if (batch.slowestMs <= report.slowestMs) return;
	report.slowestMs = batch.slowestMs;
	report.slowest = batch.slowest;
}

function print(report, imageCount, seconds) {
	console.log(
		`${report.executions} damaged images, from ${imageCount} real ones, in ${seconds.toFixed(1)} s`,
	);
	for (const [outcome, count] of [...report.outcomes].sort((a, b) => b[1] - a[1]))
		console.log(`${String(count).padStart(9)}  ${outcome}`);
	console.log(`slowest: ${report.slowestMs.toFixed(1)} ms, execution ${report.slowest}`);
	console.log(`failures: ${report.failures.length}`);
	for (const failure of report.failures.slice(0, 20)) console.log(`  ${failure}`);
}

async function work() {
	const { seed, images, index, executions } = workerData;
	let batch = newBatch();
	for (let number = index; number < executions; number += WORKERS) {
		const { image, text } = mutate(images, seed, number);
		const start = performance.now();
		const outcome = await outcomeOf(image);
		const ms = performance.now() - start;
		batch.executions++;
		batch.outcomes.set(outcome, (batch.outcomes.get(outcome) ?? 0) + 1);
		if (outcome.startsWith("FAILURE") || ms > LIMIT_MS)
			batch.failures.push(`execution ${number}: ${outcome} after ${ms.toFixed(0)} ms; ${text}`);
		if (ms > batch.slowestMs) Object.assign(batch, { slowestMs: ms, slowest: number });
		if (batch.executions < BATCH) continue;
		parentPort.postMessage({ ...batch, next: number + WORKERS, done: false });
		batch = newBatch();
	}
	parentPort.postMessage({ ...batch, next: executions, done: true });
}

function newBatch() {
	return { executions: 0, outcomes: new Map(), failures: [], slowestMs: 0, slowest: 0 };
}

/** "tree", the rule that the image breaks, or what should not have happened. */
async function outcomeOf(image) {
	const { ComposefsError, readImage, validate, writeImage } = await import("../lib/index.js");
	let tree;
	try {
		tree = await readImage(image);
	} catch (error) {
		const { code, rule, offset } = error;
		const isExpected = error instanceof ComposefsError && code === "ERR_COMPOSEFS_IMAGE";
		if (isExpected && rule !== undefined && Number.isSafeInteger(offset)) return `rule ${rule}`;
		return `FAILURE to read: ${error.stack}`;
	}
	try {
		const [violation] = validate(tree);
		if (violation !== undefined) return `FAILURE of the gate: ${violation.message}`;
		await writeImage(tree, { digestOnly: true });
		return "tree";
	} catch (error) {
		return `FAILURE to write: ${error.stack}`;
	}
}
