// Runs what attacks this package, and writes what came of it into the table of SECURITY.md:
//
//   node scripts/robustness.mjs [EXECUTIONS]      of each fuzzer; by default 100,000
//
// It ends with 1 if anything was found. How many findings have been mended so far is kept here, where the mending is
// recorded: no run can know it.
import { spawnSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { parseArgs } from "node:util";
import { root } from "./report.mjs";

const { positionals } = parseArgs({ allowPositionals: true });
const executions = Number(positionals[0] ?? 100_000);
const document = path.join(root, "SECURITY.md");
const BEGIN = "<!-- scripts/robustness.mjs -->";
const END = "<!-- end -->";

const TARGETS = [
	fuzzer("damaged images, `readImage`", "fuzz-image.mjs"),
	fuzzer("damaged tables of contents, `readToc`", "fuzz-toc.mjs"),
	fuzzer("damaged tar-splits, joined to their table", "fuzz-tar-split.mjs"),
	fuzzer("damaged dumps, `parseDump`", "fuzz-dump.mjs"),
	fuzzer("damaged archives, `readTar` and its layer", "fuzz-tar.mjs"),
	fuzzer("damaged indexes, manifests, configs", "fuzz-documents.mjs"),
	{
		name: "records and `lcfs_write_to`, by libFuzzer under sanitizers",
		script: "fuzz-records.mjs",
		args: [],
		read: readFuzzer,
		fixed: "–",
	},
	{
		name: "the same, by AFL++",
		script: "fuzz-records.mjs",
		args: ["--afl"],
		read: readFuzzer,
		fixed: "–",
	},
	{
		name: "failing system calls and allocations, in all that the addon does",
		script: "faults.mjs",
		args: ["--quick"],
		read: readFaults,
		fixed: 15,
	},
];

function fuzzer(name, script) {
	return { name, script, args: [executions], read: readFuzzer, fixed: "–" };
}

function readFuzzer(output) {
	const [, count, seconds] = /^(\d+) .* in ([\d.]+) s$/m.exec(output);
	const [, findings] = /^failures: (\d+)$/m.exec(output);
	return { count: Number(count), seconds: Math.round(seconds), findings: Number(findings) };
}

function readFaults(output) {
	const { faults, seconds, findings } = JSON.parse(output);
	return { count: faults, seconds, findings: findings.length };
}

function measure({ name, script, args, read, fixed }) {
	process.stderr.write(`${script} …\n`);
	const program = [path.join(root, "scripts", script), ...args.map(String)];
	const { stdout, stderr } = spawnSync(process.execPath, program, { encoding: "utf8", maxBuffer: 1 << 26 });
	try {
		const { count, seconds, findings } = read(stdout);
		if (findings > 0) process.stderr.write(stdout);
		return [name, count.toLocaleString("en-US"), `${seconds} s`, findings, fixed];
	} catch {
		throw new Error(`${script} did not come to its end:\n${stdout}${stderr}`);
	}
}

const rows = TARGETS.map(measure);
const table = [
	["target", "executions", "time", "findings", "found and mended before"],
	["---", "---", "---", "---", "---"],
	...rows,
];
const lines = table.map((cells) => `| ${cells.join(" | ")} |`).join("\n");
const text = fs.readFileSync(document, "utf8");
const [before, rest] = text.split(BEGIN);
const [, after] = rest.split(END);
fs.writeFileSync(document, `${before}${BEGIN}\n\n${lines}\n\n${END}${after}`);
console.log(lines);
if (rows.some(([, , , findings]) => findings > 0)) process.exitCode = 1;
