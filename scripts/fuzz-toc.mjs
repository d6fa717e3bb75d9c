// Reads damaged tables of contents: node scripts/fuzz-toc.mjs [EXECUTIONS | --seconds N] [--seed N] [--only NUMBER]
// Each must become entries that can be trees, or a ComposefsError with a rule, within a second.
import { runFuzzer } from "./fuzz.mjs";
import { makeSeeds, mutate } from "./fuzz-toc-seeds.mjs";

await runFuzzer({ url: import.meta.url, what: "damaged tables of contents", makeSeeds, mutate, outcomeOf });

/** What comes of the layer and, if there is a table on its own, of that as a document. */
async function outcomeOf({ blob, annotations, json }) {
	const layer = await outcome(() => readLayer(blob, annotations));
	if (json === undefined || layer.startsWith("FAILURE")) return layer;
	const document = await outcome(() => readTree(json));
	return document.startsWith("FAILURE") ? document : layer;
}

async function readLayer(bytes, annotations) {
	const { bytesBlob } = await import("../lib/blob.js");
	const { readToc } = await import("../lib/toc/index.js");
	const { validate, Tree } = await import("../lib/index.js");
	const toc = await readToc(bytesBlob(bytes), { annotations: annotations && new Map(annotations) });
	if (toc === undefined) return "no table";
	const tree = new Tree();
	for (const [n, { inode }] of toc.entries.entries())
		if (inode !== undefined) tree.root.children.set(`${n}`, inode);
	return `layer${violationOf(validate(tree))}`;
}

async function readTree(json) {
	const { parseTocJson } = await import("../lib/toc/index.js");
	const { validate } = await import("../lib/index.js");
	return `tree${violationOf(validate(await parseTocJson([json])))}`;
}

/** The gate finds nothing in what was parsed. */
function violationOf([violation]) {
	if (violation === undefined) return "";
	throw new Error(`the gate: ${violation.message}`);
}

async function outcome(run) {
	try {
		return await run();
	} catch (error) {
		const { ComposefsError } = await import("../lib/index.js");
		const { code, rule } = error;
		const isExpected = error instanceof ComposefsError && /^ERR_COMPOSEFS_(TOC|DIGEST)$/.test(code);
		if (isExpected && rule !== undefined) return `rule ${rule}`;
		return `FAILURE: ${error.stack}`;
	}
}
