// Gives damaged records to the decoder and, what passes it, to lcfs_write_to, under AddressSanitizer and
// UndefinedBehaviorSanitizer: node scripts/fuzz-records.mjs [SECONDS] [--afl]
//
// With clang, libFuzzer makes new inputs from those kept in native/test/corpus, for 60 seconds by default; an input
// that fails is left in build/fuzz. With --afl, AFL++ does, and leaves it in build/afl/out. Without either, the kept ones
// are replayed. Needs cmake and ninja.
import { spawnSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { parseArgs } from "node:util";
import { main, onPath, root, run, SetupError } from "./report.mjs";

const corpus = path.join(root, "native/test/corpus");
const MOST_BYTES = 4096;

function build(folder, compiler) {
	const settings = ["-DSANITIZE=address,undefined", `-DFUZZ=${compiler === undefined ? "OFF" : "ON"}`];
	const env = { ...process.env, AFL_QUIET: "1", ...(compiler !== undefined && { CXX: compiler }) };
	run("cmake", ["-S", root, "-B", folder, "-G", "Ninja", ...settings], { env });
	run("cmake", ["--build", folder, "--target", "fuzz_records"], { env });
	return path.join(folder, "fuzz_records");
}

/** What libFuzzer says at its end. */
function libFuzzer(seconds) {
	const folder = path.join(root, "build/fuzz");
	const program = build(folder, "clang++");
	const found = path.join(folder, "found");
	fs.mkdirSync(found, { recursive: true });
	const flags = [
		`-max_len=${MOST_BYTES}`,
		`-max_total_time=${seconds}`,
		"-print_final_stats=1",
		`-artifact_prefix=${folder}/`,
	];
	const { status, stderr } = spawnSync(program, [...flags, found, corpus], {
		encoding: "utf8",
		maxBuffer: 1 << 28,
	});
	if (status !== 0) process.stderr.write(stderr.split("\n").slice(-80).join("\n"));
	const [, count] = /stat::number_of_executed_units: (\d+)/.exec(stderr) ?? [];
	return { count: Number(count ?? 0), failures: status === 0 ? 0 : 1 };
}

/** Without the screen, and without what AFL++ wants of a machine that does nothing else. */
const AFL_SETTINGS = {
	AFL_NO_UI: "1",
	AFL_NO_AFFINITY: "1",
	AFL_SKIP_CPUFREQ: "1",
	AFL_I_DONT_CARE_ABOUT_MISSING_CRASHES: "1",
};

function afl(seconds) {
	if (!onPath("afl-fuzz")) throw new SetupError("afl-fuzz is not on PATH (Debian: afl++)");
	const folder = path.join(root, "build/afl");
	const program = build(folder, "afl-clang-fast++");
	const out = path.join(folder, "out");
	fs.rmSync(out, { recursive: true, force: true });
	const limits = ["-V", String(seconds), "-G", String(MOST_BYTES), "-m", "none"];
	run("afl-fuzz", [...limits, "-i", corpus, "-o", out, "--", program], {
		env: { ...process.env, ...AFL_SETTINGS },
	});
	const said = fs.readFileSync(path.join(out, "default/fuzzer_stats"), "utf8");
	const number = (key) => Number(new RegExp(`^${key} *: (\\d+)$`, "m").exec(said)[1]);
	return { count: number("execs_done"), failures: number("saved_crashes") + number("saved_hangs") };
}

function replay() {
	console.log("no clang++: the kept inputs alone");
	const program = build(path.join(root, "build/fuzz-replay"), undefined);
	const files = fs.readdirSync(corpus).map((name) => path.join(corpus, name));
	const { status, stderr } = spawnSync(program, files, { encoding: "utf8" });
	process.stderr.write(stderr);
	return { count: files.length, failures: status === 0 ? 0 : 1 };
}

await main(() => {
	const { values, positionals } = parseArgs({
		allowPositionals: true,
		options: { afl: { type: "boolean", default: false } },
	});
	const seconds = Number(positionals[0] ?? 60);
	const fuzz = values.afl ? afl : onPath("clang++") ? libFuzzer : replay;
	const begun = performance.now();
	const { count, failures } = fuzz(seconds);
	console.log(`${count} chunks of records, in ${((performance.now() - begun) / 1000).toFixed(1)} s`);
	console.log(`failures: ${failures}`);
	if (failures > 0) process.exitCode = 1;
});
