// The developer's builds, which watch what runs: by AddressSanitizer and UndefinedBehaviorSanitizer, in one folder for unit
// tests and the addon, so that each file is compiled once; or by gcov's counters of lines.
import fs from "node:fs";
import path from "node:path";
import { root, run } from "./report.mjs";

/** Where a build is, and what cmake is told. */
export const SANITIZED = {
	folder: path.join(root, "build/sanitized"),
	settings: ["-DSANITIZE=address,undefined"],
};
export const COUNTED = {
	folder: path.join(root, "build/coverage"),
	settings: ["-DCOVERAGE=ON", "-DOPTIMIZE=-O1"],
};

/** @param link   how libcomposefs is linked; few objects know it */
function build({ folder, settings }, target, link) {
	// What cmake-js would give it, without the headers of node that it fetches: those of Node-API are among the packages.
	const include = path.join(root, "node_modules/node-api-headers/include");
	const places = [`-DCMAKE_JS_INC=${include}`, `-DLINK=${link}`];
	run("cmake", ["-S", root, "-B", folder, "-G", "Ninja", ...settings, ...places]);
	run("cmake", ["--build", folder, "--target", target]);
}

/** Runs the unit tests; returns what ctest says. */
export function runUnitTests(kind, link) {
	build(kind, "unit_tests", link);
	return run("ctest", ["--test-dir", kind.folder, "--output-on-failure", "-j2"]);
}

/** Builds the addon; returns the folder of a package that has it, for COMPOSEFS_PREBUILD. */
export function buildAddon(kind) {
	const { folder } = kind;
	build(kind, "composefs", "static");
	const place = path.join(folder, "package/build/Release");
	fs.mkdirSync(place, { recursive: true });
	fs.copyFileSync(path.join(folder, "composefs.node"), path.join(place, "composefs.node"));
	return path.join(folder, "package");
}

/** Where reports of the sanitizers go: what a process says that nobody listens to counts, too. */
const logs = path.join(SANITIZED.folder, "logs");

/** For processes that load the addon with sanitizers. */
export function environment(addon, { detectLeaks }) {
	const library = (name) => run(process.env.CXX ?? "g++", [`-print-file-name=${name}`]).trim();
	fs.rmSync(logs, { recursive: true, force: true });
	fs.mkdirSync(logs, { recursive: true });
	const shared = `log_path=${path.join(logs, "report")}`;
	return {
		...process.env,
		COMPOSEFS_PREBUILD: addon,
		LD_PRELOAD: `${library("libasan.so")} ${library("libubsan.so")}`,
		// Memory that cannot be had is an error to be met, and no end. What another program leaks is not ours.
		ASAN_OPTIONS: `allocator_may_return_null=1:detect_leaks=${detectLeaks ? 1 : 0}:exitcode=${detectLeaks ? 0 : 99}:${shared}`,
		UBSAN_OPTIONS: `print_stacktrace=1:${shared}`,
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
	"test/native": "is about an addon that is missing",
	"test/package": "is about binaries that are published",
	"test/sandbox": "its workers are allowed less memory than a sanitizer maps",
	"test/vm": "a virtual machine starts node without the sanitizers' libraries",
};

/** Arguments of node for jest, where a test may take long: what ends a hang waits for twenty minutes. */
export const JEST = ["node_modules/jest/bin/jest.js", "-i", "--testTimeout=1200000"];
