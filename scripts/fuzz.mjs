// What fuzzers have in common: damaged inputs, from a fixed seed, in worker threads that may neither hang nor grow.
// Which damage an execution does follows from seed and number alone.
import { parseArgs } from "node:util";
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";

const WORKERS = 2;
const BATCH = 500;
const LIMIT_MS = 1000;
/** A worker that is silent for so long hangs. */
const SILENCE_MS = 30_000;
const MEMORY_MB = 512;

/**
 * Runs a fuzzer: SCRIPT [EXECUTIONS | --seconds N] [--seed N] [--only NUMBER]. It ends with 1 if there was a failure.
 *
 * `url` is the script's, which calls this again in each worker; `what` is damaged; `makeSeeds()` gives what damage is
 * done to, `mutate(seeds, seed, number)` an `{ input, text }`, `outcomeOf(input)` a word; failures begin with FAILURE.
 */
export async function runFuzzer(fuzzer) {
	if (isMainThread) await main(fuzzer);
	else await work(fuzzer);
}

async function main({ url, what, makeSeeds, mutate, outcomeOf }) {
	const { values, positionals } = parseArgs({
		allowPositionals: true,
		options: {
			seed: { type: "string", default: "1" },
			seconds: { type: "string" },
			only: { type: "string" },
		},
	});
	const seed = Number(values.seed);
	const seeds = await makeSeeds();
	if (values.only !== undefined) {
		const { input, text } = mutate(seeds, seed, Number(values.only));
		console.log(text, await outcomeOf(input));
		return;
	}
	const { seconds } = values;
	const executions = seconds === undefined ? Number(positionals[0] ?? 1_000_000) : Number.POSITIVE_INFINITY;
	const end = seconds === undefined ? Number.POSITIVE_INFINITY : Date.now() + Number(seconds) * 1000;
	const start = performance.now();
	const report = { executions: 0, outcomes: new Map(), failures: [], slowestMs: 0, slowest: 0 };
	const shares = Array.from({ length: WORKERS }, (_, index) => index);
	await Promise.all(shares.map((index) => runWorker(url, { seed, seeds, index, executions, end }, report)));
	print(report, what, seeds.length, (performance.now() - start) / 1000);
	const isShort = seconds === undefined ? report.executions !== executions : report.executions === 0;
	if (report.failures.length > 0 || isShort) process.exitCode = 1;
}

/** Runs every WORKERSth execution from `index` on. */
function runWorker(url, data, report) {
	return new Promise((resolve) => {
		const worker = new Worker(new URL(url), {
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

function print(report, what, seedCount, seconds) {
	console.log(`${report.executions} ${what}, from ${seedCount} real ones, in ${seconds.toFixed(1)} s`);
	for (const [outcome, count] of [...report.outcomes].sort((a, b) => b[1] - a[1]))
		console.log(`${String(count).padStart(9)}  ${outcome.split("\n", 1)}`);
	console.log(`slowest: ${report.slowestMs.toFixed(1)} ms, execution ${report.slowest}`);
	console.log(`failures: ${report.failures.length}`);
	for (const failure of report.failures.slice(0, 20)) console.log(`  ${failure}`);
}

async function work({ mutate, outcomeOf }) {
	const { seed, seeds, index, executions, end } = workerData;
	let batch = newBatch();
	for (let number = index; number < executions && Date.now() < end; number += WORKERS) {
		const { input, text } = mutate(seeds, seed, number);
		let { outcome, ms } = await timed(outcomeOf, input);
		// The first loads the code; and other processes may have had the processor.
		if (ms > LIMIT_MS) ({ outcome, ms } = await timed(outcomeOf, input));
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

async function timed(outcomeOf, input) {
	const start = performance.now();
	const outcome = await outcomeOf(input);
	return { outcome, ms: performance.now() - start };
}

function newBatch() {
	return { executions: 0, outcomes: new Map(), failures: [], slowestMs: 0, slowest: 0 };
}

/** mulberry32: a function that gives integers below its argument, for one execution. */
export function randomOf(seed, number) {
	let state = Math.imul(seed, 0x9e3779b1) ^ Math.imul(number + 1, 0x85ebca6b);
	const next = () => {
		state = (state + 0x6d2b79f5) | 0;
		let t = Math.imul(state ^ (state >>> 15), 1 | state);
		t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
		return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
	};
	return (limit) => Math.floor(next() * limit);
}
