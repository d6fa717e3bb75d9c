import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { beforeAll, describe, expect, test } from "@jest/globals";
import { encodeTree } from "../src/encode.ts";
import { directory } from "../src/inode.ts";
import { native } from "../src/native.ts";
import { Tree } from "../src/tree.ts";
import { projectRoot } from "./support/needs.ts";

// The addon reads records as what they are: bytes that anyone may have written. Whatever they say, the job is
// done or refused; that the process lives is what these tests are about.

/** Hands chunks to the addon as they are. */
function writeRecords(...chunks: Uint8Array[]): Promise<unknown> {
	const writer = native().openWriter({ minVersion: 0, maxVersion: 1, to: null, flush: false });
	for (const chunk of chunks) writer.add(chunk);
	return writer.finish();
}

/** "done", or the rule or system call that stopped it. Without `expect`, which takes longer than what is tested. */
async function outcome(...chunks: Uint8Array[]): Promise<string> {
	const result = await writeRecords(...chunks).catch((error) => ({ error }));
	const { digest, size, version, error } = result as Record<string, unknown>;
	if (ArrayBuffer.isView(digest) && typeof size === "number" && typeof version === "number") return "done";
	const { rule, record, syscall, errno } = (error ?? {}) as Record<string, unknown>;
	if (typeof syscall === "string" && typeof errno === "number") return syscall;
	if (typeof rule === "string" && typeof record === "number") return rule;
	throw new Error("neither done nor refused", { cause: error ?? result });
}

/** All kinds of records, and enough of them to have something to lead astray. */
function goldenTree(): Tree {
	const tree = new Tree(directory({ xattrs: [["user.a", Buffer.from("value")]] }));
	tree.mkdir("/d/e", { recursive: true });
	tree.writeFile("/d/inline", Buffer.from("content"), { xattrs: [["user.b", Buffer.alloc(0)]] });
	tree.writeFile("/external", { size: 2 ** 33, digest: "0a".repeat(32), path: "0a/bc" });
	tree.writeFile("/\udcff", { size: 5000 });
	tree.symlink("target", "/link", { mtimeNs: -1n });
	tree.link("/d/inline", "/d/e/again");
	tree.link("/link", "/link-again");
	tree.mknod("/null", "character-device", { major: 1, minor: 3 });
	tree.mknod("/pipe", "fifo");
	tree.whiteout("/d/gone");
	return tree;
}

const HEADER_BYTES = 6 * 4;
const RECORD_WORDS = 9;

let golden: Buffer;

beforeAll(async () => {
	const chunks: Buffer[] = [];
	await encodeTree(goldenTree(), (chunk) => chunks.push(Buffer.from(chunk)));
	golden = chunks[0] as Buffer;
});

/** The golden chunk with one word of a record replaced. */
function withWord(record: number, word: number, value: number): Buffer {
	const chunk = Buffer.from(golden);
	chunk.writeInt32LE(value | 0, HEADER_BYTES + (record * RECORD_WORDS + word) * 4);
	return chunk;
}

describe("records", () => {
	test("as the encoder writes them are written", async () => {
		expect(await outcome(golden)).toBe("done");
	});

	test("none at all are refused", async () => {
		expect(await outcome()).toBe("root");
		expect(await outcome(new Uint8Array(0))).toBe("header");
	});

	test("cut off anywhere are refused", async () => {
		for (let length = 0; length < golden.length; length++)
			expect([length, await outcome(golden.subarray(0, length))]).not.toEqual([length, "done"]);
	});

	test("with anything behind them are refused", async () => {
		expect(await outcome(Buffer.concat([golden, Uint8Array.of(0)]))).toBe("header");
		expect(await outcome(golden, golden)).not.toBe("done");
	});

	test("of another version are refused", async () => {
		const chunk = Buffer.from(golden);
		chunk.writeInt32LE(99, 4);
		expect(await outcome(chunk)).toBe("version");
	});

	test("from memory that does not begin at a word are read all the same", async () => {
		for (let shift = 1; shift < 8; shift++) {
			const memory = Buffer.alloc(golden.length + shift);
			golden.copy(memory, shift);
			expect(await outcome(memory.subarray(shift))).toBe("done");
		}
	});

	// Records: 0 root, 1 d, 2 external, 3 \xff, 4 link, 5 link-again, 6 null, 7 pipe, 8 e, 9 inline, …
	test.each([
		["the root a file", 0, 0, 0o100644],
		["the root a link", 0, 0, 0],
		["the root a whiteout", 0, 0, 0o020000],
		["an unknown type", 2, 0, 0o170000],
		["bits above the type", 2, 0, 0x10000 | 0o100644],
		["a link to itself", 5, 6, 5],
		["a link to the root", 5, 6, 0],
		["a link to a directory", 5, 6, 1],
		["a link beyond the end", 5, 6, 1000],
		["a link with a negative number", 5, 6, -1],
		["more children than records", 0, 6, 1000],
		["children without end", 0, 6, -1],
		["fewer children than records", 0, 6, 1],
		["a size beyond all limits", 2, 7, -1],
		["a time beyond 64 bits of seconds", 2, 5, 0x7fffffff],
		["an xattr too many", 2, 8, (1 << 17) | (1 << 16) | 1],
		["65,535 xattrs", 2, 8, 0xffff],
		["a digest for a fifo", 7, 8, 1 << 17],
		["content where there is none", 2, 8, 1 << 18],
		["a device number too high", 6, 6, 4096],
	])("with %s are refused", async (_title, record, word, value) => {
		expect(await outcome(withWord(record, word, value))).not.toBe("done");
	});

	test.each([
		["two names that are equal", "pipe\0", "null\0", "name-duplicate"],
		["a slash in a name", "external", "exter/al", "name-slash"],
		["dots as a name", "gone\0", "..\0\0\0", "name-dot"],
		["a dot as a name", "\0d\0", "\0.\0", "name-dot"],
		["no name", "d\0external", "\0\0external", "name-empty"],
	])("with %s are refused", async (_title, found, replacement, rule) => {
		const chunk = Buffer.from(golden);
		chunk.write(replacement, chunk.indexOf(found), "latin1");
		expect(await outcome(chunk)).toBe(rule);
	});
});

describe("mutations", () => {
	const COUNT = 100_000;
	const BATCH = 200;

	/** mulberry32: the same numbers in every run. */
	function randomNumbers(seed: number): (below: number) => number {
		let state = seed;
		return (below) => {
			state = (state + 0x6d2b79f5) | 0;
			let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
			mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
			return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
		};
	}

	const INTERESTING = [
		0,
		1,
		-1,
		2,
		7,
		8,
		9,
		12,
		255,
		256,
		4095,
		4096,
		0xffff,
		0x10000,
		0x7fffffff,
		-0x80000000,
		1 << 18,
		7 << 16,
		0o040755,
		0o100644,
		0o120777,
		0o020000,
		0o060000,
		0o010644,
		0o140000,
	];

	function flipBits(chunk: Buffer, random: (below: number) => number): void {
		for (let n = random(4); n >= 0; n--) {
			const at = random(chunk.length);
			chunk[at] = (chunk[at] as number) ^ (1 << random(8));
		}
	}

	function replaceWords(chunk: Buffer, random: (below: number) => number): void {
		for (let n = random(3); n >= 0; n--) {
			const words = (chunk.indexOf("user.a") >> 2) - 1;
			chunk.writeInt32LE(INTERESTING[random(INTERESTING.length)] as number, random(words) * 4);
		}
	}

	function splice(chunk: Buffer, random: (below: number) => number): void {
		const length = 1 + random(40);
		const from = random(chunk.length - length);
		chunk.copy(chunk, random(chunk.length - length), from, from + length);
	}

	function swapRecords(chunk: Buffer, random: (below: number) => number): void {
		const size = RECORD_WORDS * 4;
		const count = chunk.readInt32LE(8);
		const [a, b] = [HEADER_BYTES + random(count) * size, HEADER_BYTES + random(count) * size];
		const kept = Buffer.from(chunk.subarray(a, a + size));
		chunk.copy(chunk, a, b, b + size);
		kept.copy(chunk, b);
	}

	const MUTATIONS = [flipBits, replaceWords, splice, swapRecords];

	test(`${COUNT} of them are written or refused`, async () => {
		const random = randomNumbers(20_240_229);
		const outcomes = new Map<string, number>();
		for (let done = 0; done < COUNT; done += BATCH) {
			const batch = Array.from({ length: BATCH }, () => {
				const chunk = Buffer.from(golden);
				MUTATIONS[random(MUTATIONS.length)]?.(chunk, random);
				return outcome(chunk);
			});
			for (const result of await Promise.all(batch)) outcomes.set(result, (outcomes.get(result) ?? 0) + 1);
		}
		// Both ends of the gate have been met, and a good part of its rules.
		expect(outcomes.get("done")).toBeGreaterThan(COUNT / 100);
		expect(outcomes.size).toBeGreaterThan(15);
	}, 300_000);
});

test("what the fuzzer of records has kept is written or refused", async () => {
	const folder = path.join(projectRoot, "native/test/corpus");
	const outcomes = readdirSync(folder).map((name) => outcome(readFileSync(path.join(folder, name))));
	const found = await Promise.all(outcomes);
	expect(found.filter((result) => result === "done").length).toBeGreaterThanOrEqual(4);
	expect(new Set(found).size).toBeGreaterThan(5);
});
