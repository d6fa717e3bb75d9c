/** The trees that are measured: made by rules and a fixed seed, so that every machine measures the same. */
import { createReadStream } from "node:fs";
import { createGunzip } from "node:zlib";
import {
	type Directory,
	directory,
	type FileContent,
	file,
	type MetadataOptions,
	type RegularFile,
	symlink,
	Tree,
} from "composefs";
import { parseDump } from "composefs/dump";

/** mulberry32: a small generator with a good enough spread. */
class Random {
	#state: number;

	constructor(seed: number) {
		this.#state = seed;
	}

	next(): number {
		this.#state = (this.#state + 0x6d2b79f5) | 0;
		let t = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
		t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
		return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
	}

	below(limit: number): number {
		return Math.floor(this.next() * limit);
	}

	chance(probability: number): boolean {
		return this.next() < probability;
	}

	hex(digits: number): string {
		let text = "";
		while (text.length < digits)
			text += this.below(2 ** 32)
				.toString(16)
				.padStart(8, "0");
		return text.slice(0, digits);
	}
}

/** A string in one piece, as one that was read from somewhere: not a rope of those it was made of. */
function flat(text: string): string {
	return Buffer.from(text, "latin1").toString("latin1");
}

const WORDS =
	"abort async buffer cache client codec config core crypto decode diff encode error event fetch".split(" ");
const MORE_WORDS =
	"format graph handler index json loader map node parse path queue read stream test util".split(" ");
const ENDINGS = [".js", ".d.ts", ".js.map", ".json", ".md", ".mjs"];

function name(random: Random, n: number): string {
	const first = WORDS[random.below(WORDS.length)];
	const second = MORE_WORDS[random.below(MORE_WORDS.length)];
	return flat(`${first}-${second}-${n.toString(36)}`);
}

/**
 * As in an npm application: about 8 levels deep, small files, a few xattrs; of the names that are no directories,
 * that part of `links` are hard links.
 * It comes into being folder by folder, as from a directory, a tar or a dump.
 */
export function applicationTree(entries: number, { digests = false, links = 0.01 } = {}): Tree {
	const random = new Random(20_240_501);
	const tree = new Tree();
	const files: RegularFile[] = [];
	let made = 1;

	const fill = (folder: Directory, depth: number, share: number): void => {
		const end = Math.min(entries, made + share);
		while (made < end) {
			const label = name(random, made++);
			if (random.chance(0.14) && depth < 14) {
				const child = directory(metadata(random, 0o755));
				folder.children.set(label, child);
				fill(child, depth + 1, 1 + random.below(Math.max(8, (end - made) / 2)));
			} else if (random.chance(links) && files.length > 0) {
				folder.children.set(flat(`${label}.js`), files[random.below(files.length)] as RegularFile);
			} else {
				const inode = file(content(random, digests), metadata(random, 0o644));
				folder.children.set(flat(label + ENDINGS[random.below(ENDINGS.length)]), inode);
				files.push(inode);
			}
		}
	};
	fill(tree.root, 1, entries);
	return tree;
}

/** Nothing but symlinks, a thousand to a folder. */
export function symlinkTree(entries: number): Tree {
	const random = new Random(20_240_502);
	const tree = new Tree();
	let folder = tree.root;
	for (let n = 1; n < entries; n++) {
		if (n % 1000 === 1) folder = tree.mkdir(`/links-${n}`);
		folder.children.set(
			name(random, n),
			symlink(flat(`../targets/${name(random, n)}`), metadata(random, 0o777)),
		);
	}
	return tree;
}

/** One folder of files, in no order. */
export function shuffledTree(entries: number): Tree {
	const random = new Random(20_240_503);
	const tree = new Tree();
	const names = Array.from({ length: entries - 1 }, (_, n) => name(random, n));
	for (let n = names.length - 1; n > 0; n--) {
		const other = random.below(n + 1);
		[names[n], names[other]] = [names[other] as string, names[n] as string];
	}
	for (const label of names) tree.root.children.set(label, file(content(random), metadata(random, 0o644)));
	return tree;
}

function content(random: Random, digests = false): FileContent {
	if (random.chance(0.4)) return Buffer.from(random.hex(1 + random.below(64)));
	const digest = random.hex(64);
	const path = flat(`${digest.slice(0, 2)}/${digest.slice(2)}`);
	return { size: 65 + random.below(200_000), digest: digests ? digest : undefined, path };
}

const LABEL = Buffer.from("system_u:object_r:usr_t:s0\0");

function metadata(random: Random, mode: number): MetadataOptions {
	const seconds = 1_600_000_000 + random.below(100_000_000);
	const options = { mode, mtimeNs: BigInt(seconds) * 1_000_000_000n };
	if (!random.chance(0.05)) return options;
	return { ...options, xattrs: [["security.selinux", LABEL]] };
}

export interface BenchmarkSet {
	readonly name: string;
	readonly rounds: number;
	/** Measured as a table of contents too. */
	readonly isToc?: boolean;
	/** The dump has the order of the tree's maps, not that of names. */
	readonly isUnsorted?: boolean;
	make(): Tree | Promise<Tree>;
}

const fixture = new URL("../../../test/fixtures/debian-12.dump.gz", import.meta.url);

export interface ScaleSet extends BenchmarkSet {
	readonly entries: number;
}

/** The same tree in many sizes; the larger it is, the less rounds say what they can. */
export const SCALE: readonly ScaleSet[] = (
	[
		["10k", 10_000, 15],
		["30k", 30_000, 11],
		["100k", 100_000, 9],
		["300k", 300_000, 7],
		["1m", 1_000_000, 5],
		["3m", 3_000_000, 3],
		["5m", 5_000_000, 3],
	] as const
).map(([name, entries, rounds]) => ({
	name: `scale-${name}`,
	entries,
	rounds,
	make: () => applicationTree(entries),
}));

export const SETS: readonly BenchmarkSet[] = [
	{ name: "application-10", rounds: 41, make: () => applicationTree(10) },
	{ name: "debian-15k", rounds: 15, make: () => parseDump(createReadStream(fixture).pipe(createGunzip())) },
	{ name: "application-100k", rounds: 11, isToc: true, make: () => applicationTree(100_000) },
	{ name: "application-100k-digests", rounds: 11, make: () => applicationTree(100_000, { digests: true }) },
	{ name: "symlinks-200k", rounds: 7, make: () => symlinkTree(200_000) },
	{ name: "hard-links-300k", rounds: 5, make: () => applicationTree(300_000, { links: 0.24 }) },
	{ name: "shuffled-500k", rounds: 2, isUnsorted: true, make: () => shuffledTree(500_000) },
	{ name: "application-1m", rounds: 5, isToc: true, make: () => applicationTree(1_000_000) },
];
