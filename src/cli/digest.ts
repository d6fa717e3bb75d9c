/** `composefs digest`: fs-verity digests of files. */
import { Command } from "commander";
import { computeDigests } from "../digest.ts";
import { interruptible } from "./exit.ts";
import { examples } from "./options.ts";
import { print, printJson } from "./print.ts";
import { failUnlessAllRead, readable, type Unreadable, unreadable } from "./read-each.ts";

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

interface Digest {
	readonly path: string;
	readonly digest: string;
}

type Found = Digest | (Unreadable & { readonly path: string });

async function digest(files: string[], options: { readonly json?: true }): Promise<void> {
	await interruptible(async (signal) => {
		const results: Found[] = [];
		for (let at = 0; at < files.length; at += AT_A_TIME) {
			const found = await digestsOf(files.slice(at, at + AT_A_TIME), signal);
			results.push(...found);
			if (!options.json) await print(readable(found).map(({ digest, path }) => `${digest}  ${path}\n`));
		}
		if (options.json) await printJson(results);
		failUnlessAllRead(results);
	});
}

/** Says of each file that cannot be read why, and goes on, as sha256sum does. */
async function digestsOf(paths: readonly string[], signal: AbortSignal): Promise<Found[]> {
	const digests = await computeDigests(paths, { signal });
	return digests.map((digest, at) => {
		const path = paths[at] as string;
		return typeof digest === "string" ? { path, digest } : { path, ...unreadable(digest) };
	});
}
