// The developer's build, which watches what runs: AddressSanitizer, UndefinedBehaviorSanitizer, and gcov's counters of
// lines. One folder for unit tests, the addon under sanitizers and coverage, so that each file is compiled once.
import fs from "node:fs";
import path from "node:path";
import { root, run } from "./report.mjs";

export const folder = path.join(root, "build/watched");

/** @param link   how libcomposefs is linked; few objects know it */
function build(target, link) {
	// What cmake-js would give it, without the headers of node that it fetches: those of Node-API are among the packages.
	const include = path.join(root, "node_modules/node-api-headers/include");
	const settings = ["-DSANITIZE=address,undefined", "-DCOVERAGE=ON", `-DCMAKE_JS_INC=${include}`];
	run("cmake", ["-S", root, "-B", folder, "-G", "Ninja", ...settings, `-DLINK=${link}`]);
	run("cmake", ["--build", folder, "--target", target]);
	return path.join(folder, target);
}

/** Runs the unit tests; returns what ctest says. */
export function runUnitTests(link) {
	build("unit_tests", link);
	return run("ctest", ["--test-dir", folder, "--output-on-failure"]);
}

/** Builds the addon; returns the folder of a package that has it, for COMPOSEFS_PREBUILD. */
export function buildAddon() {
	build("composefs", "static");
	const place = path.join(folder, "package/build/Release");
	fs.mkdirSync(place, { recursive: true });
	fs.copyFileSync(path.join(folder, "composefs.node"), path.join(place, "composefs.node"));
	return path.join(folder, "package");
}

/** Where reports of the sanitizers go: what a process says that nobody listens to counts, too. */
const logs = path.join(folder, "logs");

/** For processes that load the addon. */
export function environment(addon, { detectLeaks }) {
	const library = (name) => run(process.env.CXX ?? "g++", [`-print-file-name=${name}`]).trim();
	fs.rmSync(logs, { recursive: true, force: true });
	fs.mkdirSync(logs, { recursive: true });
	const shared = `log_path=${path.join(logs, "report")}`;
	return {
		...process.env,
		COMPOSEFS_PREBUILD: addon,
		LD_PRELOAD: `${library("libasan.so")} ${library("libubsan.so")}`,
		// dd asks for memory in a way that the sanitizer else ends it for. What another program leaks is not ours.
		ASAN_OPTIONS: `allocator_may_return_null=1:detect_leaks=${detectLeaks ? 1 : 0}:exitcode=${detectLeaks ? 0 : 99}:${shared}`,
		UBSAN_OPTIONS: `print_stacktrace=1:${shared}`,
		// Of processes that may write nothing, the counters are lost; that is not for their stderr.
		GCOV_ERROR_FILE: path.join(folder, "gcov.log"),
	};
}

/** Errors, each with its first lines; of leaks, those that the addon has made: node does not free all it has. */
export function findings() {
	const texts = fs.readdirSync(logs).map((name) => fs.readFileSync(path.join(logs, name), "utf8"));
	return texts.flatMap((text) => [
		...(text.match(/^(?:=+\d+=+ERROR: (?!LeakSanitizer)|.*runtime error: ).*(?:\n.*){0,12}/gm) ?? []),
		...(text.match(/^(?:Direct|Indirect) leak of .*(?:\n +#.*)*/gm) ?? []).filter((leak) =>
			leak.includes("composefs.node"),
		),
	]);
}

/** What of the tests cannot be run so, and why. */
export const LEFT_OUT = {
	"test/cli/manual": "troff has a finding of its own, which ends it",
	"test/faults": "replaces the allocator, as a sanitizer does",
	"test/package": "is about binaries that are published",
	"test/sandbox": "its workers are allowed less memory than a sanitizer maps",
	"test/vm": "a virtual machine starts node without the sanitizers' libraries",
};

/** Arguments of node for jest without those. A test may take long so: what ends a hang waits for twenty minutes. */
export const JEST = [
	"node_modules/jest/bin/jest.js",
	"-i",
	"--testTimeout=1200000",
	...Object.keys(LEFT_OUT).map((name) => `--testPathIgnorePatterns=${name}\\b`),
];
