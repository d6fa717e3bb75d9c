/** Programs of this folder, each in a process of its own: so that none meets what another has left in memory. */
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";

/** @returns what the program prints, which is JSON */
export function runApart<Result>(name: string, ...args: string[]): Result {
	const program = fileURLToPath(new URL(name, import.meta.url));
	const { status, stdout } = spawnSync(process.execPath, [...process.execArgv, program, ...args], {
		stdio: ["ignore", "pipe", "inherit"],
		encoding: "utf8",
	});
	if (status !== 0) throw new Error(`${name} ${args.join(" ")} ended with ${status}`);
	return JSON.parse(stdout);
}
