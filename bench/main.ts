/**
 * `npm run bench [-- NAME…]`: this package beside the programs that do the same, in turn, in one run. bench/README.md
 * tells what the parts are and how to read them.
 */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { measureArchives } from "./archives.ts";
import { measureDigests } from "./digests.ts";
import { measureDirectory } from "./directory.ts";
import { measureLayers } from "./layers.ts";
import { describeMachine, type Machine } from "./machine.ts";
import { type Recording, recordings } from "./measure.ts";
import { measurePartial } from "./partial.ts";
import { drawPlots, type ScaleResult } from "./plots.ts";
import { formatReport, type Result } from "./report.ts";
import { measureSandbox } from "./sandbox.ts";
import { formatScale, measureScale } from "./scale.ts";
import { SETS } from "./sets.ts";
import { measureTrees } from "./trees.ts";

/** What results.json has. */
interface Results {
	readonly machine: Machine;
	/** Every sample of every comparison that was run in turns. */
	readonly recordings: readonly Recording[];
	readonly trees: readonly Result[];
	readonly scale: readonly ScaleResult[];
}

type Part = (folder: string) => Promise<string>;

/** All but trees, which have a name for each set, and `scale`, which takes long and is asked for. */
const PARTS: ReadonlyMap<string, Part> = new Map<string, Part>([
	["digests", measureDigests],
	["directory", (folder) => measureDirectory(folder, process.env.BENCH_DIRECTORY)],
	["archives", measureArchives],
	["layers", measureLayers],
	["partial", measurePartial],
	["sandbox", measureSandbox],
]);

const { values, positionals } = parseArgs({
	allowPositionals: true,
	options: {
		"scale-limit": { type: "string", default: "5000000" },
		plots: { type: "string" },
		redraw: { type: "boolean", default: false },
	},
});
const folder = fileURLToPath(new URL("../../bench/", import.meta.url));
const resultsFile = path.join(folder, "results.json");
mkdirSync(folder, { recursive: true });
const results: Results = values.redraw
	? JSON.parse(readFileSync(resultsFile, "utf8"))
	: await run(positionals);
writePlots(results, values.plots === undefined ? folder : path.resolve(values.plots));

async function run(asked: readonly string[]): Promise<Results> {
	const names = [...SETS.map(({ name }) => name), ...PARTS.keys()];
	const wanted = asked.length > 0 ? asked : names;
	const unknown = wanted.filter((name) => name !== "scale" && !names.includes(name));
	if (unknown.length > 0) throw new Error(`no ${unknown.join(", ")}: there are ${names.join(", ")}, scale`);
	const machine = describeMachine();
	console.log(`${machine.processors} × ${machine.processor}, ${machine.system}, Node ${machine.node}`);

	const sets = SETS.filter(({ name }) => wanted.includes(name));
	const trees = await measureTrees(folder, sets);
	if (trees.length > 0) console.log(`\n${formatReport(trees)}`);
	for (const [name, measure] of PARTS) {
		if (!wanted.includes(name)) continue;
		process.stderr.write(`measuring ${name} …\n`);
		console.log(`\n${await measure(folder)}`);
	}
	const scale = wanted.includes("scale") ? measureScale(folder, Number(values["scale-limit"])) : [];
	if (scale.length > 0) console.log(`\n${formatScale(scale)}`);
	const measured: Results = { machine, recordings, trees, scale };
	writeFileSync(resultsFile, `${JSON.stringify(measured, null, "\t")}\n`);
	return measured;
}

function writePlots({ scale, machine }: Results, place: string): void {
	if (scale.length === 0) return;
	mkdirSync(place, { recursive: true });
	for (const [name, svg] of drawPlots(scale, machine)) writeFileSync(path.join(place, name), svg);
	console.log(`\nplots in ${path.relative(process.cwd(), place) || "."}`);
}
