import path from "node:path";
import { type ChildResult, runNode } from "./child.ts";
import { projectRoot } from "./needs.ts";

/** Runs an example as its heading says, compiled. */
export function runExample(name: string, args: readonly string[], cwd: string): ChildResult {
	return runNode([path.join(projectRoot, `build/programs/examples/${name}.js`), ...args], { cwd });
}
