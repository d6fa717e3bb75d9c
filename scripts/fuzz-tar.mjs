// Reads damaged archives: node scripts/fuzz-tar.mjs [EXECUTIONS | --seconds N] [--seed N] [--only NUMBER]
// Each must become entries whose contents have the size that they say, and a layer that is a tree, or a ComposefsError
// with a rule and an offset, within a second. Sums of headers are mended, mostly, so that damage gets behind them.
import { randomOf, runFuzzer } from "./fuzz.mjs";
import { BYTE_DAMAGE, damage } from "./fuzz-damage.mjs";
import { makeSeeds } from "./fuzz-tar-seeds.mjs";

const BLOCK = 512;
/** Of what fields of numbers and records are made. */
const HOSTILE = [
	"0",
	"7",
	"9",
	"-1",
	"777777777777",
	"18446744073709551616",
	"\x80",
	"\xff",
	"\0",
	" ",
	"..",
	"/",
	"=",
	"\n",
];

function hostileField(bytes, below) {
	const at =
		below(bytes.length / BLOCK) * BLOCK +
		[0, 100, 108, 116, 124, 136, 156, 157, 257, 329, 345, 386, 482][below(13)];
	bytes.set(Buffer.from(HOSTILE[below(HOSTILE.length)], "latin1"), Math.min(at, bytes.length - 20));
	return bytes;
}

function hostileType(bytes, below) {
	bytes[below(bytes.length / BLOCK) * BLOCK + 156] = "0123456789xgLKSVMDNAX\0".charCodeAt(below(22));
	return bytes;
}

function hostileRecord(bytes, below) {
	const text = Buffer.from(bytes).toString("latin1");
	const places = [...text.matchAll(/(?<=\d+ )[\w.]+=|(?<==)[^\n]{1,30}(?=\n)/g)];
	if (places.length === 0) return bytes;
	const { index } = places[below(places.length)];
	bytes.set(Buffer.from(HOSTILE[below(HOSTILE.length)], "latin1"), index);
	return bytes;
}

function moveBlock(bytes, below) {
	const [from, to] = [below(bytes.length / BLOCK) * BLOCK, below(bytes.length / BLOCK) * BLOCK];
	bytes.copyWithin(to, from, from + BLOCK);
	return bytes;
}

const KINDS = [
	...BYTE_DAMAGE,
	hostileField,
	hostileField,
	hostileField,
	hostileType,
	hostileRecord,
	hostileRecord,
	moveBlock,
];

function mutate(seeds, seed, number) {
	const below = randomOf(seed, number);
	const which = below(seeds.length);
	const done = [`archive ${which}`];
	const input = Buffer.from(damage(seeds[which], KINDS, below, done));
	if (below(8) > 0) mendSums(input);
	return { input: new Uint8Array(input), text: done.join(", ") };
}

/** In each block that says that it is a header. */
function mendSums(bytes) {
	for (let at = 0; at + BLOCK <= bytes.length; at += BLOCK) {
		if (bytes.toString("latin1", at + 257, at + 262) !== "ustar") continue;
		bytes.fill(" ", at + 148, at + 156);
		const sum = bytes.subarray(at, at + BLOCK).reduce((total, byte) => total + byte, 0);
		bytes.write(`${sum.toString(8).padStart(6, "0")}\0 `, at + 148, "latin1");
	}
}

/** A store that forgets. */
async function put(content) {
	if (!ArrayBuffer.isView(content)) for await (const _ of content);
	return { digest: "0a".repeat(32), path: "0a/0a" };
}

async function outcomeOf(bytes) {
	const { ComposefsError, Tree, validate } = await import("../lib/index.js");
	const { readTar } = await import("../lib/tar/index.js");
	const { applyLayer } = await import("../lib/oci/index.js");
	const { Contents } = await import("../lib/oci/contents.js");
	const { tarLayer } = await import("../lib/oci/tar-layer.js");
	try {
		let entries = 0;
		for await (const entry of readTar([bytes])) {
			let size = 0;
			for await (const chunk of entry.content()) size += chunk.hole ?? chunk.length;
			if (size !== entry.size) return `FAILURE: content of ${size} bytes, not ${entry.size}`;
			entries++;
		}
		const tree = new Tree();
		await applyLayer(tree, tarLayer(readTar([bytes]), new Contents({ put }), 2 ** 43));
		const [violation] = validate(tree);
		if (violation !== undefined) return `FAILURE of the gate: ${violation.message}`;
		return entries === 0 ? "empty" : "tree";
	} catch (error) {
		const { code, rule } = error;
		const isExpected = error instanceof ComposefsError && /^ERR_COMPOSEFS_(TAR|OCI|LAYER|NAME)$/.test(code);
		return isExpected && rule !== undefined ? `${code} ${rule}` : `FAILURE: ${error.stack}`;
	}
}

await runFuzzer({ url: import.meta.url, what: "damaged archives", makeSeeds, mutate, outcomeOf });
