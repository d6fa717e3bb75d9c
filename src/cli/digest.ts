/** `composefs digest`: fs-verity digests of files. */
import { Command } from "commander";
import { computeDigests } from "../digest.ts";
import { EXIT, endWith, fail, interruptible } from "./exit.ts";
import { examples } from "./options.ts";
import { print, printJson } from "./print.ts";

/** Files between two looks at what came of them. */
const AT_A_TIME = 1024;

export function digestCommand(): Command {
	return new Command("digest")
		.description("print the fs-verity digests of files, as sha256sum prints hashes")
		.argument("<file...>")
		.option("--json", "print an array of { path, digest }, or { path, error }")
		.addHelpText("after", examples("composefs digest rootfs.cfs", "composefs digest --json objects/*/*"))
		.action(digest);
}

type Found = { readonly path: string } & ({ readonly digest: string } | { readonly error: string });

async function digest(files: string[], options: { readonly json?: true }): Promise<void> {
	await interruptible(async (signal) => {
		let status: number = EXIT.success;
		const results: Found[] = [];
		for (let at = 0; at < files.length; at += AT_A_TIME) {
			const found = await digestsOf(files.slice(at, at + AT_A_TIME), signal);
			if (found.some((file) => "error" in file)) status = EXIT.failure;
			if (options.json) results.push(...found);
			else await print(found.map((file) => ("error" in file ? "" : `${file.digest}  ${file.path}\n`)));
		}
		await endWith(status, async () => {
			if (options.json) await printJson(results);
		});
	});
}

/** Says of each file that cannot be read why, and goes on, as sha256sum does. */
async function digestsOf(paths: readonly string[], signal: AbortSignal): Promise<Found[]> {
	const digests = await computeDigests(paths, { signal });
	return digests.map((digest, at) => {
		const path = paths[at] as string;
		if (typeof digest === "string") return { path, digest };
		fail(digest);
		return { path, error: digest.message };
	});
}
