/** `composefs digest`: fs-verity digests of files. */
import { Command } from "commander";
import { computeDigest } from "../digest.ts";
import { interruptible } from "./exit.ts";
import { examples } from "./options.ts";

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
		for (const path of files) {
			const value = await computeDigest(path, { signal });
			if (options.json) results.push({ path, digest: value });
			else console.log(`${value}  ${path}`);
		}
		if (options.json) console.log(JSON.stringify(results, null, 2));
	});
}
