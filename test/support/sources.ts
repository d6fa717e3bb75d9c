/** The project's own files, by name. */
import { readdirSync } from "node:fs";
import path from "node:path";
import { projectRoot } from "./needs.ts";

/** Paths below a folder of the project, without `.ts`. */
export function sources(folder: string, ending = ".ts"): string[] {
	return readdirSync(path.join(projectRoot, folder), { recursive: true, encoding: "utf8" })
		.filter((file) => file.endsWith(ending) && !file.endsWith(".d.ts"))
		.map((file) => file.slice(0, -ending.length));
}
