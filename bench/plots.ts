/** What `scale` has measured, as charts: in time, in memory, and by entry. */
import { type Axis, type Chart, drawChart, type Line } from "./chart.ts";
import type { Machine } from "./machine.ts";
import { median } from "./measure.ts";

/** Of a tree of one size. */
export interface ScaleResult {
	readonly entries: number;
	/** Milliseconds by contestant, one for each round; none for who was not measured with this size. */
	readonly samples: Readonly<Record<string, readonly number[]>>;
	/** Bytes by contestant, at the peak. */
	readonly memory: Readonly<Record<string, number>>;
}

/** Contestants in their order, with what charts call them. */
const TIMES = [
	["tree", "this package, from a tree"],
	["file", "mkcomposefs, from a dump"],
	["pipe", "Node piping to mkcomposefs"],
] as const;
const MEMORY = [
	["tree", "this package, above the tree"],
	["file", "mkcomposefs, from a dump"],
	["process", "this package, whole process"],
] as const;

const entries: Axis = {
	title: "entries in the tree",
	isLogarithmic: true,
	format: (value) => (value >= 1e6 ? `${value / 1e6} M` : value >= 1000 ? `${value / 1000} k` : `${value}`),
};
const seconds: Axis = {
	title: "seconds until the image is on disk",
	isLogarithmic: true,
	format: (value) => `${Number(value.toPrecision(1))} s`,
};
const mebibytes: Axis = {
	title: "peak memory, MiB",
	isLogarithmic: true,
	format: (value) => Number(value.toPrecision(1)).toLocaleString("en"),
};
const microseconds: Axis = {
	title: "microseconds per entry",
	isLogarithmic: false,
	format: (value) => `${Number(value.toPrecision(3))} µs`,
};

/** Files by name. */
export function drawPlots(results: readonly ScaleResult[], machine: Machine): ReadonlyMap<string, string> {
	const sorted = [...results].sort((a, b) => a.entries - b.entries);
	const note = noteOf(machine);
	const times = (perEntry: boolean) =>
		TIMES.map(([key, name]) =>
			line(name, sorted, ({ samples, entries }) => {
				const time = samples[key]?.length ? median(samples[key]) : undefined;
				return time && (perEntry ? (time * 1000) / entries : time / 1000);
			}),
		);
	const memory = MEMORY.map(([key, name]) =>
		line(name, sorted, (result) => result.memory[key] && result.memory[key] / 2 ** 20),
	);
	const charts: [string, Chart][] = [
		["time.svg", { title: "From tree to image: time", note, x: entries, y: seconds, lines: times(false) }],
		["memory.svg", { title: "From tree to image: memory", note, x: entries, y: mebibytes, lines: memory }],
		[
			"entry.svg",
			{ title: "From tree to image: time per entry", note, x: entries, y: microseconds, lines: times(true) },
		],
	];
	return new Map(charts.map(([file, chart]) => [file, drawChart(chart)]));
}

function line(
	name: string,
	results: readonly ScaleResult[],
	measureOf: (of: ScaleResult) => number | undefined,
): Line {
	const points = results.flatMap((result) => {
		const value = measureOf(result);
		return value === undefined ? [] : [[result.entries, value] as const];
	});
	return { name, points };
}

function noteOf({ processors, processor, system, node, measured, load }: Machine): string {
	const machine = `${processors} × ${processor}, ${system}, Node ${node}`;
	const other = load > processors / 2 ? `, while the machine had other work (load ${load.toFixed(0)})` : "";
	return `${machine}; medians; measured on ${measured.slice(0, 10)}${other}`;
}
