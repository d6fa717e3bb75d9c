// Reads damaged images: node scripts/fuzz-image.mjs [EXECUTIONS | --seconds N] [--seed N] [--only NUMBER]
// Each must become a tree that can be written again, or a ComposefsError with a rule and an offset, within a second.
import { runFuzzer } from "./fuzz.mjs";
import { makeSeeds, mutate } from "./fuzz-image-seeds.mjs";

await runFuzzer({ url: import.meta.url, what: "damaged images", makeSeeds, mutate, outcomeOf });

/** "tree", the rule that the image breaks, or what should not have happened. */
async function outcomeOf(image) {
	const { ComposefsError, readImage, validate, writeImage } = await import("../lib/index.js");
	let tree;
	try {
		tree = await readImage(image);
	} catch (error) {
		const { code, rule, offset } = error;
		const isExpected = error instanceof ComposefsError && code === "ERR_COMPOSEFS_IMAGE";
		if (isExpected && rule !== undefined && Number.isSafeInteger(offset)) return `rule ${rule}`;
		return `FAILURE to read: ${error.stack}`;
	}
	try {
		const [violation] = validate(tree);
		if (violation !== undefined) return `FAILURE of the gate: ${violation.message}`;
		await writeImage(tree, { digestOnly: true });
		return "tree";
	} catch (error) {
		return `FAILURE to write: ${error.stack}`;
	}
}
