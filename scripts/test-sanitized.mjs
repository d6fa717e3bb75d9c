// The whole jest suite with an addon that AddressSanitizer and UndefinedBehaviorSanitizer watch, then a script of all
// that the addon does whose end looks for leaks:
//
//   npm run test:sanitized [-- JEST ARGUMENTS]
//
// Needs cmake, ninja and the compiler's sanitizers. Findings are read from the sanitizers' own logs, so that one in a
// child process counts too, whatever became of the child. It ends with 1 if there is any, or if a test failed.
import { spawnSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { main, root, run } from "./report.mjs";

/** What cannot be run so, and why. */
const LEFT_OUT = {
	"test/faults": "replaces the allocator, as a sanitizer does",
	"test/package": "is about binaries that are published",
	"test/vm": "a virtual machine starts node without the sanitizers' libraries",
};

const folder = path.join(root, "build/asan");
const logs = path.join(folder, "logs");
const compiler = process.env.CXX ?? "g++";

/** What cmake-js would do, without the headers of node that it fetches: those of Node-API are among the packages. */
function build() {
	const include = path.join(root, "node_modules/node-api-headers/include");
	const settings = ["-DSANITIZE=address,undefined", `-DCMAKE_JS_INC=${include}`];
	run("cmake", ["-S", root, "-B", folder, "-G", "Ninja", ...settings]);
	run("cmake", ["--build", folder, "--target", "composefs"]);
	const addon = path.join(folder, "package/build/Release");
	fs.mkdirSync(addon, { recursive: true });
	fs.copyFileSync(path.join(folder, "composefs.node"), path.join(addon, "composefs.node"));
	return path.join(folder, "package");
}

function environment(addon, detectLeaks) {
	const library = (name) => run(compiler, [`-print-file-name=${name}`]).trim();
	// Reports go into files; what a process of another program leaks is not ours.
	const shared = `log_path=${path.join(logs, "report")}`;
	return {
		...process.env,
		COMPOSEFS_PREBUILD: addon,
		LD_PRELOAD: `${library("libasan.so")} ${library("libubsan.so")}`,
		// dd asks for memory in a way that the sanitizer else ends it for.
		ASAN_OPTIONS: `allocator_may_return_null=1:detect_leaks=${detectLeaks ? 1 : 0}:exitcode=${detectLeaks ? 0 : 99}:${shared}`,
		UBSAN_OPTIONS: `print_stacktrace=1:${shared}`,
	};
}

/** Errors, each with its first lines; of leaks, those that the addon has made: node does not free all it has. */
function findings() {
	const texts = fs.readdirSync(logs).map((name) => fs.readFileSync(path.join(logs, name), "utf8"));
	return texts.flatMap((text) => [
		...(text.match(/^(?:=+\d+=+ERROR: (?!LeakSanitizer)|.*runtime error: ).*(?:\n.*){0,12}/gm) ?? []),
		...(text.match(/^(?:Direct|Indirect) leak of .*(?:\n +#.*)*/gm) ?? []).filter((leak) =>
			leak.includes("composefs.node"),
		),
	]);
}

function attempt(what, args, env) {
	const begun = performance.now();
	console.log(what);
	const { status, signal } = spawnSync(process.execPath, args, { cwd: root, env, stdio: "inherit" });
	const seconds = Math.round((performance.now() - begun) / 1000);
	console.log(`${what}: ${seconds} s, ${signal ?? `exit code ${status}`}`);
	return status === 0;
}

await main(() => {
	fs.rmSync(logs, { recursive: true, force: true });
	fs.mkdirSync(logs, { recursive: true });
	const addon = build();
	const given = process.argv.slice(2);
	const left = Object.keys(LEFT_OUT).map((name) => `--testPathIgnorePatterns=${name}\\b`);
	for (const [name, why] of Object.entries(LEFT_OUT)) console.log(`left out: ${name}: ${why}`);
	const jest = ["node_modules/jest/bin/jest.js", "-i", ...left, ...given];
	const passed = [
		attempt("jest under sanitizers", jest, environment(addon, false)),
		attempt("leaks", ["--expose-gc", "scripts/soak.mjs", "--leaks"], environment(addon, true)),
	];
	const found = findings();
	for (const text of found.slice(0, 20)) console.log(`${text}\n`);
	console.log(`findings: ${found.length}`);
	if (found.length > 0 || passed.includes(false)) process.exitCode = 1;
});
