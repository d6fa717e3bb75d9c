// Which lines of C++ and TypeScript the tests run, in one report: node scripts/coverage.mjs [JEST ARGUMENTS]
//
// It runs the C++ unit tests and jest, and prints a line for each folder. All lines are in build/coverage/lcov.info, which
// genhtml and editors read. Needs cmake, ninja, gcov, GoogleTest.
import { spawnSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { main, root, run } from "./report.mjs";
import { buildAddon, COUNTED, JEST, runUnitTests } from "./watched-build.mjs";

const { folder } = COUNTED;

const report = path.join(folder, "lcov.info");
const NATIVE = path.join(root, "native");

/** The counters of each object. */
function counters() {
	return fs
		.readdirSync(folder, { recursive: true })
		.filter((name) => name.endsWith(".gcda"))
		.map((name) => path.join(folder, name));
}

/** True if all passed. */
function runTests(given) {
	const addon = buildAddon(COUNTED);
	for (const file of counters()) fs.rmSync(file);
	runUnitTests(COUNTED, "static");
	const flags = ["--coverage", "--coverageReporters=lcovonly", `--coverageDirectory=${folder}`];
	// Of processes that may write nothing, the counters are lost; that is not for their stderr.
	const env = { ...process.env, COMPOSEFS_PREBUILD: addon, GCOV_ERROR_FILE: path.join(folder, "gcov.log") };
	const { status } = spawnSync(process.execPath, [...JEST, ...flags, ...given], {
		cwd: root,
		env,
		stdio: "inherit",
	});
	return status === 0;
}

/** By file, by line, how often it ran: of a header, in all objects that have it together. */
function nativeLines() {
	const files = new Map();
	for (const object of counters()) {
		const text = run("gcov", ["--stdout", "--json-format", object], { cwd: folder });
		for (const { file, lines } of JSON.parse(text).files) {
			const name = path.resolve(folder, file);
			if (path.dirname(name) !== NATIVE) continue;
			const counts = files.get(name) ?? new Map();
			files.set(name, counts);
			for (const { line_number: line, count } of lines) counts.set(line, (counts.get(line) ?? 0) + count);
		}
	}
	return files;
}

/** Those of jest, from lcov's format. */
function scriptLines() {
	const files = new Map();
	let counts = new Map();
	for (const line of fs.readFileSync(report, "utf8").split("\n")) {
		const [, key, value] = /^(SF|DA):(.*)$/.exec(line) ?? [];
		if (key === "SF") {
			counts = new Map();
			files.set(path.resolve(root, value), counts);
		}
		if (key === "DA") counts.set(...value.split(",").map(Number));
	}
	return files;
}

function write(files) {
	const texts = Array.from(files, ([file, counts]) => {
		const lines = [...counts].sort(([a], [b]) => a - b).map((pair) => `DA:${pair.join(",")}\n`);
		return `SF:${path.relative(root, file)}\n${lines.join("")}end_of_record\n`;
	});
	fs.writeFileSync(report, texts.join(""));
}

function print(files) {
	const folders = new Map();
	for (const [file, counts] of files) {
		const name = path.relative(root, path.dirname(file));
		const sum = folders.get(name) ?? { lines: 0, run: 0 };
		folders.set(name, sum);
		sum.lines += counts.size;
		sum.run += [...counts.values()].filter((count) => count > 0).length;
	}
	for (const [name, { lines, run: count }] of [...folders].sort(([a], [b]) => (a < b ? -1 : 1)))
		console.log(`${name.padEnd(24)}${((100 * count) / lines).toFixed(1).padStart(6)} % of ${lines} lines`);
}

await main(() => {
	const passed = runTests(process.argv.slice(2));
	const files = new Map([...nativeLines(), ...scriptLines()]);
	write(files);
	print(files);
	if (!passed) process.exitCode = 1;
});
