/** How things are measured: paired rounds, medians, the event loop's stalls. */
import { monitorEventLoopDelay, performance } from "node:perf_hooks";
import { setTimeout as pause } from "node:timers/promises";

export type Contestant = readonly [name: string, run: () => Promise<unknown>];

/** All samples of one comparison: milliseconds by contestant, one for each round. */
export interface Recording {
	readonly title: string;
	readonly samples: Readonly<Record<string, readonly number[]>>;
}

/** Of this process, in order: for results.json. */
export const recordings: Recording[] = [];

/**
 * Runs all contestants in turn, round after round, so that what else the machine does meets all alike.
 * The first round only warms up.
 *
 * @returns milliseconds by contestant, one for each round
 */
export async function runPaired(
	contestants: readonly Contestant[],
	rounds: number,
	title: string,
): Promise<Map<string, number[]>> {
	const times = new Map<string, number[]>(contestants.map(([name]) => [name, []]));
	for (let round = -1; round < rounds; round++)
		for (const [name, run] of contestants) {
			globalThis.gc?.();
			const start = performance.now();
			await run();
			if (round >= 0) times.get(name)?.push(performance.now() - start);
		}
	recordings.push({ title, samples: Object.fromEntries(times) });
	return times;
}

export function median(values: readonly number[]): number {
	const sorted = [...values].sort((a, b) => a - b);
	const middle = sorted.length >> 1;
	const upper = sorted[middle] ?? Number.NaN;
	return sorted.length % 2 ? upper : (upper + (sorted[middle - 1] ?? Number.NaN)) / 2;
}

/** The median of the ratios within the rounds. */
export function medianRatio(ours: readonly number[], theirs: readonly number[]): number {
	return median(ours.map((time, round) => time / (theirs[round] ?? Number.NaN)));
}

/** The longest stall is one collection of garbage, and of some ten milliseconds noise is a good part. */
const LOOP_RUNS = 9;

export interface LoopLoad {
	/** Milliseconds that this thread was busy. */
	readonly busy: number;
	/** The longest time that a timer had to wait, in milliseconds. */
	readonly longest: number;
}

/** What a call costs this thread's event loop. Two runs: the timer that finds stalls costs time itself. */
export async function measureLoop(run: () => Promise<unknown>): Promise<LoopLoad> {
	await pause(20);
	const before = performance.eventLoopUtilization();
	await run();
	const { active } = performance.eventLoopUtilization(before);
	const delays = monitorEventLoopDelay({ resolution: 1 });
	delays.enable();
	await pause(20);
	delays.reset();
	await run();
	await pause(2);
	delays.disable();
	return { busy: active, longest: delays.max / 1e6 };
}

/** The medians of a few times that. */
export async function measureMedianLoop(run: () => Promise<unknown>): Promise<LoopLoad> {
	const loads: LoopLoad[] = [];
	for (let i = 0; i < LOOP_RUNS; i++) loads.push(await measureLoop(run));
	return {
		busy: median(loads.map(({ busy }) => busy)),
		longest: median(loads.map(({ longest }) => longest)),
	};
}
