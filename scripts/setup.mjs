// Makes a checkout ready: npm packages, libcomposefs and libzstd, the addon, lib/, the example programs.
// Each step is skipped while nothing it depends on has changed, so a second run takes a moment.
import { createHash } from "node:crypto";
import fs from "node:fs";
import path from "node:path";
import { buildAddon, checkTools } from "./build-addon.mjs";
import { main, onPath, root, run, SetupError } from "./report.mjs";

const stamps = path.join(root, "node_modules", ".composefs-setup");

const steps = [
	{
		name: "npm packages",
		inputs: ["package-lock.json"],
		output: "node_modules",
		run: () => run("npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund"], { cwd: root }),
	},
	{
		name: "addon",
		inputs: ["native", "binding.gyp", "package-lock.json", "scripts"],
		takes: "the first time about two minutes",
		settings: ["COMPOSEFS_PREFIX", "COMPOSEFS_LINK", "ZSTD_PREFIX", "CXX"],
		output: "build/Release/composefs.node",
		check: checkTools,
		run: async () => {
			const { ensureLibcomposefs } = await import("./libcomposefs.mjs");
			const { ensureLibzstd } = await import("./libzstd.mjs");
			ensureLibcomposefs();
			ensureLibzstd();
			buildAddon();
		},
	},
	{
		name: "lib",
		inputs: ["src", "tsconfig.json", "tsconfig.build.json", "package-lock.json"],
		output: "lib/index.js",
		run: () => {
			fs.rmSync(path.join(root, "lib"), { recursive: true, force: true });
			compile("tsconfig.build.json");
		},
	},
	{
		name: "examples and benchmarks",
		inputs: ["src", "examples", "bench", "tsconfig.json", "tsconfig.programs.json", "package-lock.json"],
		output: "build/programs",
		run: () => compile("tsconfig.programs.json"),
	},
];

function compile(project) {
	run(process.execPath, [path.join(root, "node_modules/typescript/bin/tsc"), "-p", project], { cwd: root });
}

/** One hash over the step's input files and settings, and this node. */
function fingerprint(step) {
	const hash = createHash("sha256").update(`${process.version} ${process.arch}\n`);
	for (const name of step.settings ?? []) hash.update(`${name}=${process.env[name] ?? ""}\n`);
	for (const input of step.inputs)
		for (const file of filesIn(path.join(root, input))) {
			hash.update(`${file}\n`).update(fs.readFileSync(file));
		}
	return hash.digest("hex");
}

function filesIn(start) {
	if (!fs.statSync(start).isDirectory()) return [start];
	return fs
		.readdirSync(start, { withFileTypes: true, recursive: true })
		.filter((entry) => entry.isFile())
		.map((entry) => path.join(entry.parentPath ?? entry.path, entry.name))
		.sort();
}

function stampOf(step) {
	return path.join(stamps, step.name.replaceAll(" ", "-"));
}

function isStale(step, current) {
	const stamp = stampOf(step);
	const done = fs.existsSync(stamp) && fs.readFileSync(stamp, "utf8") === current;
	return !done || !fs.existsSync(path.join(root, step.output));
}

async function runIfStale(step) {
	const current = fingerprint(step);
	if (!isStale(step, current)) return;
	const start = performance.now();
	process.stderr.write(`setting up: ${step.name}${step.takes ? ` (${step.takes})` : ""} … `);
	try {
		await step.run();
	} catch (error) {
		process.stderr.write("failed\n");
		throw error;
	}
	fs.mkdirSync(stamps, { recursive: true });
	fs.writeFileSync(stampOf(step), current);
	process.stderr.write(`${((performance.now() - start) / 1000).toFixed(1)} s\n`);
}

await main(async () => {
	const [major, minor] = process.versions.node.split(".").map(Number);
	if (major < 20 || (major === 20 && minor < 19))
		throw new SetupError(`node >= 20.19 is needed, this is ${process.version}`);
	if (!onPath("npm")) throw new SetupError("npm is needed. Install: apt-get install npm");
	// What is missing is said before anything is downloaded.
	for (const step of steps) if (step.check !== undefined && isStale(step, fingerprint(step))) step.check();
	for (const step of steps) await runIfStale(step);
});
