// Joins damaged tar-splits to their table: node scripts/fuzz-tar-split.mjs [EXECUTIONS | --seconds N] [--seed N] [--only NUMBER]
// Each must become as many entries as the table has, which are a tree, or a ComposefsError with a rule, within a second.
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { randomOf, runFuzzer } from "./fuzz.mjs";
import { damage, JSON_DAMAGE, replace } from "./fuzz-damage.mjs";
import { treeToWrite } from "./fuzz-tar-seeds.mjs";

await runFuzzer({ url: import.meta.url, what: "damaged tar-splits", makeSeeds, mutate, outcomeOf });

/** That of a layer that this package writes, and the entries of its table. */
async function makeSeeds() {
	const { Tree } = await import("../lib/index.js");
	const { readToc, writeChunkedLayer } = await import("../lib/toc/index.js");
	const { bytesBlob } = await import("../lib/blob.js");
	const { decompress } = await import("../lib/decompress.js");
	const folder = mkdtempSync(path.join(os.tmpdir(), "composefs-fuzz-"));
	const to = path.join(folder, "layer");
	const { descriptor } = await writeChunkedLayer(treeToWrite(Tree), { to });
	const bytes = readFileSync(to);
	rmSync(folder, { recursive: true });
	const annotations = descriptor.annotations;
	const { entries } = await readToc(bytesBlob(bytes), { annotations });
	const position = annotations.get("io.github.containers.zstd-chunked.tarsplit-position");
	const [offset, size] = position.split(":").map(Number);
	const pieces = [];
	for await (const piece of decompress([bytes.subarray(offset, offset + size)]))
		pieces.push(Buffer.from(piece));
	// As the table has them, which is UTF-8.
	const table = entries.map((entry) => ({ ...entry, name: entry.name.toWellFormed() }));
	return [{ split: Uint8Array.from(Buffer.concat(pieces)), entries: table }];
}

/** Bytes of a header within the base64. */
function payload(bytes, below) {
	const change = (text) => {
		const decoded = Buffer.from(text, "base64");
		decoded[below(decoded.length)] ^= 1 << below(8);
		return decoded.toString("base64");
	};
	return replace(bytes, /(?<="payload":")[A-Za-z0-9+/=]+/g, change, below);
}

function mutate([{ split, entries }], seed, number) {
	const below = randomOf(seed, number);
	const done = [];
	if (below(100) === 0) return { input: { split, entries }, text: "nothing" };
	const damaged = damage(split, [...JSON_DAMAGE, payload, payload, payload], below, done);
	return { input: { split: damaged, entries }, text: done.join(", ") };
}

async function outcomeOf({ split, entries }) {
	const { ComposefsError, Tree, validate } = await import("../lib/index.js");
	const { joinTarSplit } = await import("../lib/toc/tar-split.js");
	try {
		// Joining changes the inodes.
		const joined = await joinTarSplit([split], structuredClone(entries), { limit: 1 << 24 });
		if (joined.length !== entries.length) return `FAILURE: ${joined.length} entries`;
		const tree = new Tree();
		for (const [n, { inode }] of joined.entries())
			if (inode !== undefined) tree.root.children.set(`${n}`, inode);
		const [violation] = validate(tree);
		return violation === undefined ? "joined" : `FAILURE of the gate: ${violation.message}`;
	} catch (error) {
		const isExpected = error instanceof ComposefsError && error.code === "ERR_COMPOSEFS_TOC";
		return isExpected && error.rule !== undefined ? `rule ${error.rule}` : `FAILURE: ${error.stack}`;
	}
}
