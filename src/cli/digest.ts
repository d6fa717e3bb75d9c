/** `composefs digest`: fs-verity digests of files. */
import { Command } from "commander";
import { computeDigests } from "../digest.ts";
import { interruptible } from "./exit.ts";
import { examples } from "./options.ts";

/** Files between two looks at what came of them. */
const AT_A_TIME = 1024;

export function digestCommand(): Command {
	return new Command("digest")
		.description("print the fs-verity digests of files, as sha256sum prints hashes")
		.argument("<file...>")
		.option("--json", "print an array of { path, digest }")
		.addHelpText("after", examples("composefs digest rootfs.cfs", "composefs digest --json objects/*/*"))
		.action(digest);
}

async function digest(files: string[], options: { readonly json?: true }): Promise<void> {
	await interruptible(async (signal) => {
		const results: { path: string; digest: string }[] = [];
		for (let at = 0; at < files.length; at += AT_A_TIME) {
			const paths = files.slice(at, at + AT_A_TIME);
			for (const [i, digest] of (await computeDigests(paths, { signal })).entries()) {
				if (typeof digest !== "string") throw digest;
				const path = paths[i] as string;
				if (options.json) results.push({ path, digest });
				else console.log(`${digest}  ${path}`);
			}
		}
		if (options.json) console.log(JSON.stringify(results, null, 2));
	});
}
