// Real tables of contents, and the damage that is done to them: to blobs as they are, and to the texts in them, which
// are packed again so that digests and sizes are right and the damage gets as far as the parser.
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { randomOf } from "./fuzz.mjs";
import { BYTE_DAMAGE, damage, JSON_DAMAGE } from "./fuzz-damage.mjs";

/** Each has a `blob`, or a table's `toc` and perhaps its `tarSplit`. */
export async function makeSeeds() {
	const fixtures = new URL("../test/toc/fixtures/", import.meta.url);
	const seeds = [];
	for (const name of readdirSync(fixtures))
		if (name.endsWith(".blob")) seeds.push({ blob: new Uint8Array(readFileSync(new URL(name, fixtures))) });
	seeds.push({ toc: text({ version: 1, entries: plainEntries(), other: [{ a: null }] }) });
	return [...seeds, splitSeed()];
}

function text(value) {
	return new Uint8Array(Buffer.from(JSON.stringify(value)));
}

const DIGEST = `sha256:${"0123456789abcdef".repeat(4)}`;

function plainEntries() {
	const owner = { mode: 493, uid: 1000, gid: 100, modtime: "2026-11-23T17:57:29.701785936Z" };
	return [
		{ type: "dir", name: "./", ...owner, xattrs: { "user.ä": "AAE=", "security.selinux": "eA==" } },
		{
			type: "reg",
			name: "a/ü\n",
			...owner,
			size: 300,
			digest: DIGEST,
			offset: 0,
			endOffset: 90,
			chunkSize: 100,
		},
		{ type: "chunk", name: "a/ü\n", offset: 20, chunkOffset: 100, chunkSize: 100, chunkType: "zeros" },
		{ type: "chunk", name: "a/ü\n", offset: 40, chunkOffset: 200, chunkSize: 100, chunkDigest: DIGEST },
		{ type: "reg", name: "a/small", ...owner, size: 3, digest: DIGEST, offset: 100, endOffset: 120 },
		{ type: "symlink", name: "link", linkName: "a/../b", mode: 511 },
		{ type: "hardlink", name: "hard", linkName: "a/small", ...owner },
		{ type: "char", name: "null", devMajor: 1, devMinor: 3, accesstime: "0001-01-01T00:00:00Z" },
		{ type: "block", name: "disk", devMajor: 8, devMinor: 70000 },
		{ type: "fifo", name: "a/.wh.pipe", modtime: "1960-01-01T00:00:00Z", userName: "root", NumLink: 1 },
	];
}

/** Of entries that have nothing but a name: their headers are short to make. */
function splitSeed() {
	const names = ["a", "b/", "c"];
	const entries = names.map((name) => ({ type: name.endsWith("/") ? "dir" : "reg", name, mode: 420 }));
	const lines = [];
	for (const name of names) {
		const payload = header(name).toString("base64");
		lines.push({ type: 2, payload, position: lines.length }, { type: 1, name, position: lines.length + 1 });
	}
	const tarSplit = Buffer.from(lines.map((line) => JSON.stringify(line)).join("\n"));
	return { toc: text({ version: 1, entries }), tarSplit: new Uint8Array(tarSplit) };
}

function header(name) {
	const block = Buffer.alloc(512);
	block.write(name);
	block.write("0000644\x000000000\x000000000\x0000000000000\x0000000000000\0", 100, "latin1");
	block.write(`        ${name.endsWith("/") ? 5 : 0}`, 148, "latin1");
	block.write("ustar\x0000", 257, "latin1");
	const sum = block.reduce((total, byte) => total + byte, 0);
	block.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148, "latin1");
	return block;
}

/** The damaged table of that number, and what was done to it. */
export function mutate(seeds, seed, number) {
	const below = randomOf(seed, number);
	const which = below(seeds.length);
	const { blob, toc, tarSplit } = seeds[which];
	const done = [`table ${which}`];
	if (blob !== undefined) return { input: { blob: damage(blob, BYTES, below, done) }, text: done.join(", ") };
	const damageSplit = tarSplit !== undefined && below(2) === 0;
	const table = damageSplit ? toc : damage(toc, JSON_DAMAGE, below, done);
	const split = damageSplit ? damage(tarSplit, JSON_DAMAGE, below, done) : tarSplit;
	return { input: { ...pack(table, split), json: table }, text: done.join(", ") };
}

/** A blob of zstd:chunked and its annotations, with digests and sizes as they should be. */
function pack(toc, tarSplit) {
	const split = tarSplit && zstdFrame(tarSplit);
	const named = split === undefined ? toc : withDigest(toc, `sha256:${sha256(split)}`);
	const table = zstdFrame(named);
	const parts = [Buffer.alloc(1000), frame(table)];
	const annotations = [
		["io.github.containers.zstd-chunked.manifest-checksum", `sha256:${sha256(table)}`],
		["io.github.containers.zstd-chunked.manifest-position", `1008:${table.length}:${named.length}:1`],
	];
	if (split !== undefined) {
		parts.push(frame(split));
		const position = `${1016 + table.length}:${split.length}:${tarSplit.length}`;
		annotations.push(["io.github.containers.zstd-chunked.tarsplit-position", position]);
	}
	return { blob: new Uint8Array(Buffer.concat(parts)), annotations };
}

/** Damage may have left no object to put it into. */
function withDigest(toc, digest) {
	const bytes = Buffer.from(toc);
	return bytes[0] === 0x7b
		? Buffer.concat([Buffer.from(`{"tarSplitDigest":"${digest}",`), bytes.subarray(1)])
		: bytes;
}

function sha256(bytes) {
	return createHash("sha256").update(bytes).digest("hex");
}

/** One block, not compressed. */
function zstdFrame(bytes) {
	const head = Buffer.from("28b52ffda000000000000000", "hex");
	head.writeUInt32LE(bytes.length, 5);
	head.writeUIntLE(bytes.length * 8 + 1, 9, 3);
	return Buffer.concat([head, bytes]);
}

function frame(bytes) {
	const head = Buffer.from("502a4d1800000000", "hex");
	head.writeUInt32LE(bytes.length, 4);
	return Buffer.concat([head, bytes]);
}

/** A number of the footer, mostly. */
function hostileWord(bytes, below) {
	const at = Math.max(0, bytes.length - 80 + below(73));
	const word = [0n, 1n, 2n ** 32n, 2n ** 53n, 2n ** 63n, 2n ** 64n - 1n, BigInt(bytes.length)][below(7)];
	if (at + 8 <= bytes.length) Buffer.from(bytes.buffer, bytes.byteOffset).writeBigUInt64LE(word, at);
	return bytes;
}

const BYTES = [...BYTE_DAMAGE, hostileWord];
