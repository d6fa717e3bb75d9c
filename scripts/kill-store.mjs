// Kills processes that put objects into a store, at random moments, and looks at what is left:
//
//     node scripts/kill-store.mjs [KILLS] [FOLDER]
//
// Eight writers (two processes of four) put overlapping sets of objects as bytes, files and streams, with every kind of
// `sync`; one of the two is killed with SIGKILL. Afterwards every object must be what its name says, `gc` must find and
// remove all that was left unfinished, and an object that a writer was told to be durable must be there. It prints what
// it counted, and ends with 1 if anything was wrong.
import { spawn } from "node:child_process";
import { once } from "node:events";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { ObjectStore } from "../lib/store/index.js";

const SYNCS = ["put", "flush", "never"];
const WRITERS = 4;
const CONTENTS = 400;
const MAX_DELAY_MS = 400;

/** Content by its number: equal in all processes; of many sizes. */
function contentOf(number) {
	const size = [70, 3000, 5000, 40_000, 300_000, 1_500_000][number % 6] + number;
	return Buffer.alloc(size, `content ${number} `);
}

async function* piecesOf(bytes) {
	for (let at = 0; at < bytes.length; at += 50_000) yield bytes.subarray(at, at + 50_000);
}

/** A process of writers: prints the digest of each object that it may rely upon. */
async function write(folder, files, sync, seed) {
	const store = await ObjectStore.open(folder, { sync });
	let next = seed;
	const random = () => {
		next = (Math.imul(next, 1664525) + 1013904223) >>> 0;
		return next >>> 8;
	};
	const writer = async () => {
		for (;;) {
			const number = random() % CONTENTS;
			const kinds = [
				() => contentOf(number),
				() => ({ file: path.join(files, `${number}`) }),
				() => piecesOf(contentOf(number)),
			];
			const { digest } = await store.put(kinds[random() % 3]());
			if (sync === "flush" && random() % 20 === 0) await store.flush();
			if (sync !== "flush") process.stdout.write(`${digest}\n`);
		}
	};
	process.stdout.write("ready\n");
	await Promise.all(Array.from({ length: WRITERS }, writer));
}

async function start(args) {
	const child = spawn(process.execPath, [fileURLToPath(import.meta.url), "write", ...args.map(String)], {
		stdio: ["ignore", "pipe", "inherit"],
	});
	const promised = new Set();
	const lines = createInterface(child.stdout);
	lines.on("line", (line) => line.length === 64 && promised.add(line));
	await once(lines, "line");
	return { child, promised, closed: once(child, "close") };
}

async function kill({ child, closed }) {
	child.kill("SIGKILL");
	const [status, signal] = await closed;
	if (signal !== "SIGKILL") throw new Error(`a writer ended by itself, with ${status}`);
}

/** One round: two processes, one killed early, the other a little later. */
async function round(folder, files, sync, number) {
	const processes = await Promise.all([1, 2].map((n) => start([folder, files, sync, number * 2 + n])));
	for (const one of processes) {
		await new Promise((resolve) => setTimeout(resolve, Math.random() * MAX_DELAY_MS));
		await kill(one);
	}
	return new Set(processes.flatMap(({ promised }) => [...promised]));
}

/** What is wrong in a store whose writers are gone. */
async function inspect(folder, promised) {
	const store = await ObjectStore.open(folder);
	const { objects, bad, leftovers } = await store.fsck();
	const wrong = bad.map(({ path: name, message }) => `${name}: ${message}`);
	for (const digest of promised) if (!(await store.has(digest))) wrong.push(`${digest}: promised, and gone`);
	const images = []; // none: all goes
	const { removed } = await store.gc(images);
	await store.close();
	const left = fs.readdirSync(folder).filter((name) => !/^([0-9a-f]{2}|\.lock)$/.test(name));
	for (const name of left) wrong.push(`${name}: left by gc`);
	if (removed.length !== objects) wrong.push(`gc removed ${removed.length} of ${objects} objects`);
	return { objects, leftovers: leftovers.length, wrong };
}

async function main(kills, place) {
	const work = fs.mkdtempSync(path.join(place, "composefs-kill-"));
	const files = path.join(work, "files");
	fs.mkdirSync(files);
	for (let n = 0; n < CONTENTS; n++) fs.writeFileSync(path.join(files, `${n}`), contentOf(n));
	const total = { kills: 0, objects: 0, promised: 0, leftovers: 0, wrong: [] };
	for (let number = 0; total.kills < kills; number++) {
		const folder = path.join(work, "store");
		const promised = await round(folder, files, SYNCS[number % SYNCS.length], number);
		const { objects, leftovers, wrong } = await inspect(folder, promised);
		total.kills += 2;
		total.objects += objects;
		total.promised += promised.size;
		total.leftovers += leftovers;
		total.wrong.push(...wrong);
	}
	fs.rmSync(work, { recursive: true });
	console.log(JSON.stringify({ ...total, wrong: total.wrong.length }));
	for (const line of total.wrong) console.error(line);
	process.exitCode = total.wrong.length === 0 ? 0 : 1;
}

const [first, ...rest] = process.argv.slice(2);
if (first === "write") await write(rest[0], rest[1], rest[2], Number(rest[3]));
else await main(Number(first ?? 200), rest[0] ?? os.tmpdir());
