/** Processes that use the package as its users do: compiled, and with nothing of jest around it. */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { projectRoot } from "./needs.ts";

/** Where `import()` finds the compiled package. */
export const LIB: string = pathToFileURL(path.join(projectRoot, "lib")).href;

export interface ChildResult {
	/** Exit code, or the signal that ended it. */
	readonly ended: number | string | null;
	readonly stdout: string;
	readonly stderr: string;
}

export interface ChildOptions {
	readonly cwd?: string;
	readonly env?: Readonly<Record<string, string>>;
	/** Milliseconds. */
	readonly timeout?: number;
}

/** Runs node with arguments to its end. */
export function runNode(
	args: readonly string[],
	{ cwd = projectRoot, env = {}, timeout = 100_000 }: ChildOptions = {},
): ChildResult {
	if (!existsSync(path.join(projectRoot, "lib/index.js")))
		throw new Error("lib/ is missing: run npm run setup");
	const { status, signal, stdout, stderr } = spawnSync(process.execPath, args, {
		cwd,
		env: { ...process.env, ...env },
		encoding: "utf8",
		timeout,
	});
	return { ended: signal ?? status, stdout, stderr };
}

/** Runs a module's text to its end. */
export function runModule(code: string, options?: ChildOptions): ChildResult {
	return runNode(["--input-type=module", "--eval", code], options);
}
