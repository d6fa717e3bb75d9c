// What the set-up scripts share: one way to fail, one way to run a program.
import { spawnSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";

export const root = path.resolve(import.meta.dirname, "..");

/** A problem that the person at the keyboard can solve: its message is all they get to read. */
export class SetupError extends Error {}

/** Runs a script's main function; a SetupError becomes `error: …` and exit status 1. */
export async function main(body) {
	try {
		await body();
	} catch (error) {
		if (!(error instanceof SetupError)) throw error;
		console.error(`error: ${error.message}`);
		process.exitCode = 1;
	}
}

/** True if a program of this name is on PATH. */
export function onPath(program) {
	return (process.env.PATH ?? "")
		.split(path.delimiter)
		.some((folder) => folder !== "" && fs.existsSync(path.join(folder, program)));
}

/** Runs a program to its end; returns its stdout, or throws a SetupError with the end of its output. */
export function run(program, args, options = {}) {
	const result = spawnSync(program, args, {
		encoding: "utf8",
		maxBuffer: 64 << 20,
		stdio: ["ignore", "pipe", "pipe"],
		...options,
	});
	if (result.status === 0) return result.stdout ?? "";
	const output = `${result.stdout ?? ""}${result.stderr ?? ""}${result.error?.message ?? ""}`;
	const tail = output.trim().split("\n").slice(-15).join("\n");
	throw new SetupError(`${[program, ...args.slice(0, 3)].join(" ")} failed:\n${tail}`);
}

/** True if the program runs and succeeds; says nothing. */
export function succeeds(program, args, options = {}) {
	return spawnSync(program, args, { stdio: "ignore", ...options }).status === 0;
}

/** Compares dotted versions by their first three numbers. */
export function compareVersions(a, b) {
	const left = a.split(".");
	const right = b.split(".");
	for (let i = 0; i < 3; i++) {
		const difference = (Number.parseInt(left[i], 10) || 0) - (Number.parseInt(right[i], 10) || 0);
		if (difference !== 0) return difference;
	}
	return 0;
}

/** The fields of os-release(5); empty where the file is missing. */
export function osRelease() {
	const file = ["/etc/os-release", "/usr/lib/os-release"].find((name) => fs.existsSync(name));
	if (file === undefined) return {};
	const fields = fs.readFileSync(file, "utf8").matchAll(/^(\w+)="?(.*?)"?$/gm);
	return Object.fromEntries([...fields].map(([, key, value]) => [key, value]));
}
