// Load, and what it leaves: node --expose-gc scripts/soak.mjs [--minutes 20] [--writes 1000] [--pulls 64]
//   [--entries 5000000] [--image-size MIB] [--only PART] [--short] [--leaks]
//
// Parts: `writes` at once; `pulls` at once from a docker-registry on loopback; a tree of so many `entries`; an `image` of
// so many MiB; a `soak` that builds, reads, compares, puts, scans, pulls and collects for some minutes. Of each it prints
// the memory, the longest that the event loop was held up, and descriptors before and after; results must be those of a
// single run. --short is a part of everything, for a minute or two. --leaks does everything once and ends, for
// sanitizers. It ends with 1 if a result differs, something stays open, or memory grows.
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { parseArgs } from "node:util";
import { withRegistry } from "./loopback-registry.mjs";

const { values: flags } = parseArgs({
	options: {
		minutes: { type: "string" },
		writes: { type: "string" },
		pulls: { type: "string" },
		entries: { type: "string" },
		"image-size": { type: "string" },
		only: { type: "string" },
		short: { type: "boolean" },
		leaks: { type: "boolean" },
	},
});
const [FULL, SHORT, ONCE] = [
	{ minutes: 20, writes: 1000, pulls: 64, entries: 5_000_000, "image-size": 1024 },
	{ minutes: 1, writes: 200, pulls: 16, entries: 300_000, "image-size": 64 },
	{ minutes: 0, writes: 20, pulls: 4, entries: 3000, "image-size": 1 },
];
const chosen = flags.leaks ? ONCE : flags.short ? SHORT : FULL;
/** First a little of each part, for what is opened and loaded once. */
let isWarm = false;
const settingOf = (name) => Number(isWarm ? (flags[name] ?? chosen[name]) : ONCE[name]);

const { Tree, computeDigest, diff, openImage, readImage, writeImage } = await import("../lib/index.js");
const { fromDirectory } = await import("../lib/directory/index.js");
const { pullImage } = await import("../lib/oci/index.js");
const { ObjectStore } = await import("../lib/store/index.js");

const MIB = 2 ** 20;
/** Of a file with 4,900 bytes in an image, at least. */
const INODE_BYTES = 5100;
const folder = fs.mkdtempSync(path.join(os.tmpdir(), "composefs-soak-"));
const at = (...names) => path.join(folder, ...names);
const findings = [];

function expectEqual(found, expected, what) {
	if (found !== expected) findings.push(`${what}: ${found}, not ${expected}`);
}

function treeOf(files, seed = 0) {
	const tree = new Tree();
	for (let i = 0; i < files; i++) {
		const parent = `/${i % 97}`;
		if (i < 97) tree.mkdir(parent);
		const digest = (i + seed).toString(16).padStart(64, "0");
		tree.writeFile(`${parent}/file-${i}`, { size: 5000 + i, digest, path: digest.slice(2) }, { mtime: i });
	}
	return tree;
}

/** Flat trees are slow to make by path: directories of a thousand. */
async function largeTree(entries, { directory, file }) {
	const tree = new Tree();
	for (let made = 0; made < entries; made += 1000) {
		const parent = directory();
		for (let i = 0; i < 999; i++)
			parent.children.set(`file-${i}`, file({ size: 100_000, path: `aa/${made + i}` }));
		tree.root.children.set(`d${made}`, parent);
	}
	return tree;
}

async function collected() {
	for (let count = 0; count < 3; count++) {
		globalThis.gc();
		await new Promise((resolve) => setTimeout(resolve, 20));
	}
	return { rss: process.memoryUsage.rss(), descriptors: fs.readdirSync("/proc/self/fd").length };
}

const parts = {
	writes: async () => {
		const count = settingOf("writes");
		const trees = Array.from({ length: 8 }, (_, n) => treeOf(2000, n));
		const alone = [];
		for (const tree of trees) alone.push((await writeImage(tree, { digestOnly: true })).digest);
		const one = async (_, n) => {
			const to = n % 3 === 0 ? at(`image-${n}`) : undefined;
			const written = await writeImage(trees[n % 8], n % 3 === 2 ? { digestOnly: true } : { to });
			expectEqual(written.digest, alone[n % 8], `write ${n}`);
			if (to === undefined) return;
			expectEqual(await computeDigest(to), alone[n % 8], `file ${n}`);
			fs.rmSync(to);
		};
		await Promise.all(Array.from({ length: count }, one));
		return `${count} at once, of 2,000 files each`;
	},
	pulls: async () => {
		const count = settingOf("pulls");
		return withRegistry(folder, async (repository) => {
			const pull = async (store) => {
				const image = await repository.resolve();
				return (await writeImage(await pullImage(image, { store }), { digestOnly: true })).digest;
			};
			const first = await ObjectStore.open(at("alone"), { sync: "never" });
			const expected = await pull(first);
			await first.close();
			const shared = await ObjectStore.open(at("shared"), { sync: "flush" });
			const results = await Promise.all(Array.from({ length: count }, () => pull(shared)));
			for (const [n, digest] of results.entries()) expectEqual(digest, expected, `pull ${n}`);
			await shared.close();
			return `${count} at once, of two layers, into one store`;
		});
	},
	entries: async () => {
		const count = settingOf("entries");
		const tree = await largeTree(count, await import("../lib/index.js"));
		const written = await writeImage(tree, { to: at("entries") });
		const again = await writeImage(tree, { digestOnly: true });
		expectEqual(again.digest, written.digest, "a large tree");
		const image = await openImage(at("entries"));
		expectEqual((await image.stat("/d0/file-7")).size, 100_000, "a file of a large tree");
		await image.close();
		fs.rmSync(at("entries"));
		return `${count.toLocaleString("en-US")} entries, an image of ${(written.size / MIB).toFixed(0)} MiB`;
	},
	image: async () => {
		const size = settingOf("image-size") * MIB;
		const { directory, file } = await import("../lib/index.js");
		const content = Buffer.alloc(4900, "content of a file ");
		const tree = new Tree();
		for (let made = 0; made < size / INODE_BYTES; made += 1000) {
			const parent = directory();
			for (let i = 0; i < 999; i++) parent.children.set(`file-${i}`, file(content));
			tree.root.children.set(`d${made}`, parent);
		}
		const written = await writeImage(tree, { to: at("large") });
		expectEqual(await computeDigest(at("large")), written.digest, "a large image");
		const back = await readImage(at("large"));
		expectEqual(
			(await writeImage(back, { digestOnly: true, minVersion: written.version })).digest,
			written.digest,
			"read again",
		);
		fs.rmSync(at("large"));
		return `${(written.size / MIB).toFixed(0)} MiB`;
	},
	soak,
};

/** The first rounds fill what is kept for good: caches, pools, the heap of V8. */
const WARM = 0.25;

async function soak() {
	const minutes = settingOf("minutes");
	makeFolder();
	const sizes = [];
	let rounds = 0;
	const begun = performance.now();
	const expected = await round();
	do {
		const digests = await round();
		for (const [n, digest] of digests.entries())
			expectEqual(digest, expected[n], `round ${rounds}, step ${n}`);
		rounds++;
		sizes.push((await collected()).rss);
	} while (performance.now() - begun < minutes * 60_000);
	const settled = sizes.slice(Math.floor(sizes.length * WARM));
	const half = Math.floor(settled.length / 2);
	const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length / MIB;
	const [early, late] = half === 0 ? [0, 0] : [mean(settled.slice(0, half)), mean(settled.slice(half))];
	if (late > early * 1.1 + 8) findings.push(`memory grows: ${early.toFixed(0)} to ${late.toFixed(0)} MiB`);
	return `${rounds} rounds in ${((performance.now() - begun) / 60_000).toFixed(1)} min; resident ${early.toFixed(0)} MiB in the first half, ${late.toFixed(0)} in the second`;
}

function makeFolder() {
	for (let i = 0; i < 300; i++) {
		fs.mkdirSync(at("folder", `${i % 20}`), { recursive: true });
		fs.writeFileSync(at("folder", `${i % 20}`, `${i}`), Buffer.alloc(10 + i * 37, `file ${i}`));
	}
}

/** Everything once; the digests of what came of it. */
async function round() {
	const store = await ObjectStore.open(at("objects"), { sync: "never" });
	const scanned = await fromDirectory(at("folder"), { store });
	const { digest } = await writeImage(scanned, { to: at("round") });
	const back = await readImage(at("round"));
	const again = await writeImage(back, { digestOnly: true });
	const changes = (await diff(scanned, back)).length;
	const put = await store.put(Buffer.alloc(100_000, "put"));
	const aborted = new AbortController();
	const ended = writeImage(treeOf(3000), { signal: aborted.signal }).catch(() => "aborted");
	setImmediate(() => aborted.abort());
	await ended;
	await writeImage(scanned, { to: at("none", "image") }).catch(({ code }) =>
		expectEqual(code, "ENOENT", "an error"),
	);
	const removed = (await store.gc([back])).removed.length;
	await store.close();
	return [digest, again.digest, changes, put.digest, removed];
}

async function measure(name) {
	isWarm = false;
	await parts[name]();
	isWarm = true;
	const before = await collected();
	const delay = monitorEventLoopDelay({ resolution: 1 });
	delay.enable();
	const begun = performance.now();
	const what = await parts[name]();
	delay.disable();
	const seconds = (performance.now() - begun) / 1000;
	const after = await collected();
	if (after.descriptors > before.descriptors)
		findings.push(`${name}: ${after.descriptors - before.descriptors} descriptors more`);
	const mib = (bytes) => `${(bytes / MIB).toFixed(0)} MiB`;
	const held = `event loop held up ${(delay.max / 1e6).toFixed(0)} ms at most, ${(delay.percentile(99) / 1e6).toFixed(0)} in 99 of 100`;
	console.log(
		`${name}: ${what}; ${seconds.toFixed(1)} s; ${held}; resident ${mib(before.rss)} before, ${mib(after.rss)} after; descriptors ${before.descriptors}, ${after.descriptors}`,
	);
}

try {
	for (const name of Object.keys(parts)) if ((flags.only ?? name) === name) await measure(name);
} finally {
	fs.rmSync(folder, { recursive: true, force: true });
}
console.log(`peak memory: ${(process.resourceUsage().maxRSS / 1024).toFixed(0)} MiB`);
for (const finding of findings.slice(0, 20)) console.log(`  ${finding}`);
console.log(`findings: ${findings.length}`);
if (findings.length > 0) process.exitCode = 1;
