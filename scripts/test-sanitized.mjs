// The whole jest suite with an addon that AddressSanitizer and UndefinedBehaviorSanitizer watch, then a script of all
// that the addon does whose end looks for leaks:
//
//   npm run test:sanitized [-- JEST ARGUMENTS]
//
// Needs cmake, ninja and the compiler's sanitizers. Findings are read from the sanitizers' own logs, so that one in a
// child process counts too, whatever became of the child. It ends with 1 if there is any, or if a test failed.
import { spawnSync } from "node:child_process";
import { main, root } from "./report.mjs";
import { buildAddon, environment, findings, JEST, LEFT_OUT, SANITIZED } from "./watched-build.mjs";

/** True if it passed and the sanitizers have nothing to say. */
function attempt(what, args, env) {
	const begun = performance.now();
	console.log(what);
	const { status, signal } = spawnSync(process.execPath, args, { cwd: root, env, stdio: "inherit" });
	const seconds = Math.round((performance.now() - begun) / 1000);
	const found = findings();
	for (const text of found.slice(0, 20)) console.log(`${text}\n`);
	console.log(`${what}: ${seconds} s, ${signal ?? `exit code ${status}`}, findings: ${found.length}`);
	return status === 0 && found.length === 0;
}

await main(() => {
	for (const [name, why] of Object.entries(LEFT_OUT)) console.log(`left out: ${name}: ${why}`);
	const addon = buildAddon(SANITIZED);
	const left = Object.keys(LEFT_OUT).map((name) => `--testPathIgnorePatterns=${name}\\b`);
	const jest = [...JEST, ...left, ...process.argv.slice(2)];
	const leaks = ["--expose-gc", "scripts/soak.mjs", "--leaks"];
	const passed = [
		attempt("jest under sanitizers", jest, environment(addon, { detectLeaks: false })),
		attempt("leaks", leaks, environment(addon, { detectLeaks: true })),
	];
	if (passed.includes(false)) process.exitCode = 1;
});
