/** The command line, run as a user does: a process of its own, compiled. */
import { type SpawnSyncOptions, spawnSync } from "node:child_process";
import path from "node:path";
import { projectRoot } from "./needs.ts";

export const program: string = path.join(projectRoot, "lib/cli/main.js");

export interface CliResult {
	readonly status: number | null;
	readonly stdout: string;
	readonly stderr: string;
}

export function composefs(args: readonly string[], options: SpawnSyncOptions = {}): CliResult {
	const result = spawnSync(process.execPath, [program, ...args], options);
	return {
		status: result.status,
		stdout: String(result.stdout?.toString("latin1")),
		stderr: String(result.stderr?.toString("utf8")),
	};
}
