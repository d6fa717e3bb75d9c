/** Reading tar archives, against tar-stream, and decompressing, against the commands; of 170 MB and 6,600 entries. */
import { spawnSync } from "node:child_process";
import { createReadStream, createWriteStream, rmSync } from "node:fs";
import path from "node:path";
import type { Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { decompress, readTar } from "composefs/tar";
import { extract, pack } from "tar-stream";
import { type Contestant, measureLoop, median, medianRatio, runPaired } from "./measure.ts";
import { findPeer } from "./peers.ts";
import { formatTable } from "./table.ts";

const ENTRIES = 6_600;
const MEAN_SIZE = 25_000;
const ROUNDS = 5;

/** A generator of numbers from 0 to 1, the same for each run (mulberry32). */
function random(seed: number): () => number {
	let state = seed;
	return () => {
		state = (state + 0x6d2b79f5) | 0;
		let t = Math.imul(state ^ (state >>> 15), 1 | state);
		t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
		return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
	};
}

/** Text that compresses as programs do: words of a small vocabulary, and some noise. */
function makeText(size: number, next: () => number): Buffer {
	const text = Buffer.alloc(size);
	for (let at = 0; at < size; ) {
		const word = next() < 0.2 ? next().toString(36) : `word${Math.floor(next() ** 3 * 4000)} `;
		at += text.write(word, at, "latin1");
	}
	return text;
}

async function makeArchive(archive: string): Promise<void> {
	const next = random(1);
	const archiveOf = pack();
	const filling = (async () => {
		for (let index = 0; index < ENTRIES; index++) {
			const size = Math.floor(2 * MEAN_SIZE * next());
			const name = `usr/lib/package-${index % 300}/file-${index}.js`;
			await new Promise<void>((resolve, reject) => {
				const done = (error?: Error | null) => (error ? reject(error) : resolve());
				archiveOf.entry({ name, mtime: new Date(1.7e12) }, makeText(size, next), done);
			});
		}
		archiveOf.finalize();
	})();
	await Promise.all([pipeline(archiveOf, createWriteStream(archive)), filling]);
}

const read = (file: string) => createReadStream(file, { highWaterMark: 1 << 18 });

async function consume(chunks: AsyncIterable<unknown>): Promise<void> {
	for await (const _ of chunks);
}

async function readOurs(archive: string, withContent: boolean): Promise<void> {
	for await (const entry of readTar(read(archive))) if (withContent) await consume(entry.content());
}

async function readPeer(archive: string): Promise<void> {
	const entries = extract();
	entries.on("entry", (_header, stream, next) => {
		stream.on("end", next);
		stream.resume();
	});
	await pipeline(read(archive), entries as unknown as Writable);
}

function command(program: string, file: string): Contestant {
	const run = async () => {
		const { status } = spawnSync("sh", ["-c", '"$1" -dc <"$2" >/dev/null', "sh", program, file]);
		if (status !== 0) throw new Error(`${program} ended with status ${status}`);
	};
	return [program, run];
}

async function row(what: string, contestants: readonly Contestant[]): Promise<Record<string, string>> {
	const times = [...(await runPaired(contestants, ROUNDS, what)).values()];
	const [ours = [], peer] = times;
	const { longest } = await measureLoop((contestants[0] as Contestant)[1]);
	const ms = (values: readonly number[]) => `${median(values).toFixed(0)} ms`;
	return {
		"": what,
		ours: ms(ours),
		peer: peer ? ms(peer) : "–",
		"ours/peer": peer ? medianRatio(ours, peer).toFixed(2) : "–",
		stall: `${longest.toFixed(0)} ms`,
	};
}

async function decompressionRow(archive: string, name: string): Promise<Record<string, string> | undefined> {
	const program = findPeer(name);
	if (program === undefined) return undefined;
	const file = `${archive}.${name}`;
	spawnSync("sh", ["-c", '"$1" -c <"$2" >"$3"', "sh", program, archive, file]);
	const ours: Contestant = ["ours", () => consume(decompress(read(file)))];
	const result = await row(`decompress, against ${name} -dc`, [ours, command(program, file)]);
	rmSync(file);
	return result;
}

export async function measureArchives(folder: string): Promise<string> {
	const archive = path.join(folder, "archive.tar");
	await makeArchive(archive);
	const rows = [
		await row("headers alone, against tar-stream", [
			["ours", () => readOurs(archive, false)],
			["tar-stream", () => readPeer(archive)],
		]),
		await row("with contents, against tar-stream", [
			["ours", () => readOurs(archive, true)],
			["tar-stream", () => readPeer(archive)],
		]),
		await decompressionRow(archive, "zstd"),
		await decompressionRow(archive, "gzip"),
	];
	rmSync(archive);
	return formatTable(rows.filter((result) => result !== undefined));
}
