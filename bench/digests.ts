/** fs-verity digests of files, against `fsverity digest`: one large file, on all processors, and many small ones. */
import { createHash, randomFillSync } from "node:crypto";
import { closeSync, mkdirSync, openSync, readdirSync, readSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { computeDigest, computeDigests } from "composefs";
import { type Contestant, median, medianRatio, runPaired } from "./measure.ts";
import { findPeer, runToEnd } from "./peers.ts";
import { formatTable } from "./table.ts";

const LARGE = 2 ** 30;
const SMALL_FILES = 20_000;
const SMALL = 6600; // on average: 132 MB in all
const ROUNDS = 5;
const PIECE = 1 << 20;
/** Files of one run of fsverity: as xargs would call it. */
const FILES_PER_RUN = 2000;

const fsverity = findPeer("fsverity");

export async function measureDigests(folder: string): Promise<string> {
	const files = path.join(folder, "files");
	mkdirSync(files, { recursive: true });
	try {
		const rows = [await measureLarge(path.join(files, "large")), await measureSmall(files)];
		return formatTable(rows);
	} finally {
		rmSync(files, { recursive: true });
	}
}

async function measureLarge(file: string): Promise<Record<string, string>> {
	const piece = randomFillSync(Buffer.alloc(PIECE));
	for (let at = 0; at < LARGE; at += PIECE) writeFileSync(file, piece, { flag: "a" });
	const contestants: Contestant[] = [
		["ours", () => computeDigest(file)],
		["sha256", async () => plainHash(file)],
	];
	if (fsverity) contestants.push(["fsverity", () => runToEnd(fsverity, ["digest", file])]);
	const row = toRow("1 GiB", await runPaired(contestants, ROUNDS, "digest of 1 GiB"));
	rmSync(file);
	return row;
}

async function measureSmall(folder: string): Promise<Record<string, string>> {
	const bytes = randomFillSync(Buffer.alloc(2 * SMALL));
	for (let n = 0; n < SMALL_FILES; n++)
		writeFileSync(path.join(folder, `${n}`), bytes.subarray(0, (n * 7919) % bytes.length));
	const files = readdirSync(folder).map((name) => path.join(folder, name));
	const contestants: Contestant[] = [
		["ours", () => digestTogether(files)],
		["all at once", () => Promise.all(files.map((file) => computeDigest(file)))],
		["one by one", () => digestOneByOne(files)],
	];
	if (fsverity) contestants.push(["fsverity", () => fsverityAll(fsverity, files)]);
	return toRow("20,000 files", await runPaired(contestants, ROUNDS, "digests of 20,000 files"));
}

function plainHash(file: string): string {
	const hash = createHash("sha256");
	const buffer = Buffer.alloc(PIECE);
	const open = openSync(file, "r");
	for (let size = readSync(open, buffer); size > 0; size = readSync(open, buffer))
		hash.update(buffer.subarray(0, size));
	closeSync(open);
	return hash.digest("hex");
}

async function digestTogether(files: readonly string[]): Promise<void> {
	for (const digest of await computeDigests(files)) if (typeof digest !== "string") throw digest;
}

async function digestOneByOne(files: readonly string[]): Promise<void> {
	for (const file of files) await computeDigest(file);
}

async function fsverityAll(program: string, files: readonly string[]): Promise<void> {
	for (let at = 0; at < files.length; at += FILES_PER_RUN)
		await runToEnd(program, ["digest", ...files.slice(at, at + FILES_PER_RUN)]);
}

function toRow(name: string, times: Map<string, number[]>): Record<string, string> {
	const ours = times.get("ours") ?? [];
	const cell = (values: readonly number[] | undefined) =>
		values === undefined ? "–" : `${median(values).toFixed(0)} ms`;
	const ratio = (values: readonly number[] | undefined) =>
		values === undefined ? "–" : medianRatio(ours, values).toFixed(2);
	const plain = times.get("sha256");
	const each = times.get("all at once");
	const single = times.get("one by one");
	const peer = times.get("fsverity");
	return {
		digests: name,
		ours: cell(ours),
		"plain SHA-256": cell(plain),
		"/plain": ratio(plain),
		"all at once": cell(each),
		"one by one": cell(single),
		fsverity: cell(peer),
		"/fsverity": ratio(peer),
	};
}
