/**
 * `npm run bench [-- NAME…]`: this package beside the programs that do the same, in turn, in one run. bench/README.md
 * tells what the parts are and how to read them.
 */
import { mkdirSync } from "node:fs";
import os from "node:os";
import { fileURLToPath } from "node:url";
import { measureArchives } from "./archives.ts";
import { measureDigests } from "./digests.ts";
import { measureDirectory } from "./directory.ts";
import { measureLayers } from "./layers.ts";
import { measureSandbox } from "./sandbox.ts";
import { SETS } from "./sets.ts";
import { measureTrees } from "./trees.ts";

type Part = (folder: string) => Promise<string>;

/** All but trees, which have a name for each set. */
const PARTS: ReadonlyMap<string, Part> = new Map<string, Part>([
	["digests", measureDigests],
	["directory", (folder) => measureDirectory(folder, process.env.BENCH_DIRECTORY)],
	["archives", measureArchives],
	["layers", measureLayers],
	["sandbox", measureSandbox],
]);

const names = [...SETS.map(({ name }) => name), ...PARTS.keys()];
const wanted = process.argv.length > 2 ? process.argv.slice(2) : names;
const unknown = wanted.filter((name) => !names.includes(name));
if (unknown.length > 0) throw new Error(`no ${unknown.join(", ")}: there are ${names.join(", ")}`);

const folder = fileURLToPath(new URL("../../bench/", import.meta.url));
mkdirSync(folder, { recursive: true });
console.log(`${os.cpus().length} × ${os.cpus()[0]?.model}, Linux ${os.release()}, Node ${process.version}`);
const sets = SETS.filter(({ name }) => wanted.includes(name));
if (sets.length > 0) console.log(`\n${await measureTrees(folder, sets)}`);
for (const [name, measure] of PARTS) {
	if (!wanted.includes(name)) continue;
	process.stderr.write(`measuring ${name} …\n`);
	console.log(`\n${await measure(folder)}`);
}
