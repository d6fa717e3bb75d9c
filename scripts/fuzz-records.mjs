// Gives damaged records to the decoder and, what passes it, to lcfs_write_to, under AddressSanitizer and
// UndefinedBehaviorSanitizer: node scripts/fuzz-records.mjs [SECONDS]
//
// With clang, libFuzzer makes new inputs from those kept in native/test/corpus, for 60 seconds by default; an input
// that fails is left in build/fuzz. Without clang, the kept ones are replayed. Needs cmake and ninja.
import { spawnSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { main, onPath, root, run } from "./report.mjs";

const folder = path.join(root, "build/fuzz");
const corpus = path.join(root, "native/test/corpus");
const seconds = Number(process.argv[2] ?? 60);

function build(hasClang) {
	const settings = ["-DSANITIZE=address,undefined", `-DFUZZ=${hasClang ? "ON" : "OFF"}`];
	const env = hasClang ? { ...process.env, CXX: "clang++" } : process.env;
	const place = hasClang ? folder : `${folder}-replay`;
	run("cmake", ["-S", root, "-B", place, "-G", "Ninja", ...settings], { env });
	run("cmake", ["--build", place, "--target", "fuzz_records"]);
	return path.join(place, "fuzz_records");
}

/** What libFuzzer says at its end. */
function fuzz(program) {
	const found = path.join(folder, "found");
	fs.mkdirSync(found, { recursive: true });
	const flags = [
		"-max_len=4096",
		`-max_total_time=${seconds}`,
		"-print_final_stats=1",
		`-artifact_prefix=${folder}/`,
	];
	const { status, stderr } = spawnSync(program, [...flags, found, corpus], {
		encoding: "utf8",
		maxBuffer: 1 << 28,
	});
	if (status !== 0) process.stderr.write(stderr.split("\n").slice(-80).join("\n"));
	return { count: Number(/stat::number_of_executed_units: (\d+)/.exec(stderr)?.[1] ?? 0), status };
}

function replay(program) {
	const files = fs.readdirSync(corpus).map((name) => path.join(corpus, name));
	const { status, stderr } = spawnSync(program, files, { encoding: "utf8" });
	process.stderr.write(stderr);
	return { count: files.length, status };
}

await main(() => {
	const hasClang = onPath("clang++");
	if (!hasClang) console.log("no clang++: the kept inputs alone");
	const program = build(hasClang);
	const begun = performance.now();
	const { count, status } = hasClang ? fuzz(program) : replay(program);
	console.log(`${count} chunks of records, in ${((performance.now() - begun) / 1000).toFixed(1)} s`);
	console.log(`failures: ${status === 0 ? 0 : 1}`);
	if (status !== 0) process.exitCode = 1;
});
