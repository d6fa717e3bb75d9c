/** Suites that need more than the repository: they run where it is, and say so where it is not. */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import path from "node:path";
import { describe, test } from "@jest/globals";

export const projectRoot: string = path.resolve(__dirname, "../..");

/** A folder of further inputs: COMPOSEFS_SHARED, or `shared` beside the checkout. */
export const sharedFolder: string | undefined = [
	process.env.COMPOSEFS_SHARED,
	path.join(projectRoot, "../shared"),
].find((folder) => folder !== undefined && existsSync(path.join(folder, "conformance")));

/** A program, by an environment variable of its name in capitals or else on PATH. */
export function findProgram(name: string): string | undefined {
	const named = process.env[name.toUpperCase().replaceAll(/[^A-Z0-9]/g, "_")];
	if (named) return named;
	const found = spawnSync("sh", ["-c", 'command -v "$1"', "sh", name], { encoding: "utf8" });
	return found.status === 0 ? found.stdout.trim() : undefined;
}

/** A suite that runs if `need` is there. The reporter prints `reason` at the end of the run if it is not. */
export function describeIf<T>(
	title: string,
	need: T | undefined,
	reason: string,
	body: (need: T) => void,
): void {
	if (need !== undefined) describe(title, () => body(need));
	// Not the body: what it does with what is not there, before its tests, would fail.
	else describe.skip(`${title} [skipped: ${reason}]`, () => test("is not run", () => undefined));
}
