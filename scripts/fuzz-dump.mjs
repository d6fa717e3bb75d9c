// Parses damaged dumps: node scripts/fuzz-dump.mjs [EXECUTIONS | --seconds N] [--seed N] [--only NUMBER]
// Each must become a tree whose dump says the same again, or a ComposefsError with a line, within a second.
import { readdirSync, readFileSync } from "node:fs";
import { randomOf, runFuzzer } from "./fuzz.mjs";
import { damage, LINE_DAMAGE } from "./fuzz-damage.mjs";
import { richTree } from "./fuzz-image-seeds.mjs";

await runFuzzer({ url: import.meta.url, what: "damaged dumps", makeSeeds, mutate, outcomeOf });

async function makeSeeds() {
	const { directory, Tree } = await import("../lib/index.js");
	const { formatDump } = await import("../lib/dump/index.js");
	const tree = richTree(Tree, directory);
	tree.writeFile("/names \\ \n\udcff", Buffer.from("=\n\0 \\x"), { mtimeNs: -1n });
	const fixtures = new URL("../test/fixtures/", import.meta.url);
	const kept = readdirSync(fixtures).filter((name) => name.endsWith(".dump"));
	const files = kept.map((name) => new Uint8Array(readFileSync(new URL(name, fixtures))));
	return [new Uint8Array(Buffer.from(formatDump(tree))), ...files.filter(({ length }) => length < 100_000)];
}

function mutate(seeds, seed, number) {
	const below = randomOf(seed, number);
	const which = below(seeds.length);
	const done = [`dump ${which}`];
	const input = damage(seeds[which], LINE_DAMAGE, below, done);
	return { input, text: done.join(", ") };
}

async function outcomeOf(bytes) {
	const { ComposefsError, validate } = await import("../lib/index.js");
	const { formatDump, parseDump } = await import("../lib/dump/index.js");
	let tree;
	try {
		tree = await parseDump(bytes);
	} catch (error) {
		const { code, line, field } = error;
		if (error instanceof ComposefsError && code === "ERR_COMPOSEFS_DUMP" && line > 0) return `field ${field}`;
		return `FAILURE to read: ${error.stack}`;
	}
	const [violation] = validate(tree);
	if (violation !== undefined) return `FAILURE of the gate: ${violation.message}`;
	const dump = formatDump(tree);
	return formatDump(await parseDump(dump)) === dump ? "tree" : "FAILURE: its dump says something else";
}
