import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { decompress } from "../src/decompress.ts";
import { type CompressOptions, compress, FrameWriter } from "../src/zstd-encode.ts";
import { someBytes } from "./support/archivable-tree.ts";
import { describeIf, findProgram } from "./support/needs.ts";
import { inChunks } from "./support/read-archive.ts";

async function gathered(source: AsyncIterable<Uint8Array>): Promise<Buffer> {
	const pieces: Uint8Array[] = [];
	for await (const piece of source) pieces.push(piece);
	return Buffer.concat(pieces);
}

const frame = (bytes: Uint8Array, size = 1 << 16, options?: CompressOptions) =>
	gathered(compress(inChunks(bytes, size), options));

/** Half of it can be compressed. */
const text = Buffer.concat(
	Array.from({ length: 40 }, (_, at) =>
		at % 2 === 0 ? someBytes(70_000, at + 1) : Buffer.alloc(70_000, "ab"),
	),
);

describe("a frame", () => {
	test("gives back the bytes", async () => {
		await fc.assert(
			fc.asyncProperty(
				fc.uint8Array({ maxLength: 3000 }),
				fc.integer({ min: 1, max: 500 }),
				fc.integer({ min: 1, max: 22 }),
				async (bytes, size, level) => {
					const back = await gathered(decompress([await frame(bytes, size, { level })]));
					expect(back.equals(bytes)).toBe(true);
				},
			),
			{ numRuns: 30 },
		);
	});

	test("is the same in whatever pieces the bytes come", async () => {
		const whole = await frame(text, text.length);
		expect(whole.length).toBeLessThan(text.length * 0.6);
		expect((await gathered(decompress([whole]))).equals(text)).toBe(true);
		for (const size of [1000, 131_071, 131_072, 131_073, 1_000_000])
			expect((await frame(text, size)).equals(whole)).toBe(true);
	});

	test("is smaller at a higher level", async () => {
		const prose = readFileSync(__filename);
		const [low, high] = [await frame(prose, 1000, { level: 1 }), await frame(prose, 1000, { level: 19 })];
		expect(high.length).toBeLessThan(low.length);
	});

	test("of nothing is a frame", async () => {
		const empty = await frame(Buffer.alloc(0));
		expect(empty.readUInt32LE(0)).toBe(0xfd2fb528);
		expect(await gathered(decompress([empty]))).toEqual(Buffer.alloc(0));
	});
});

describe("failures", () => {
	test("of the source come out, and it is closed", async () => {
		let closed = false;
		async function* source() {
			try {
				yield text;
				throw new Error("broken");
			} finally {
				closed = true;
			}
		}
		await expect(gathered(compress(source()))).rejects.toThrow("broken");
		expect(closed).toBe(true);
	});

	test("a level that is none", async () => {
		await expect(frame(text, 1000, { level: 0 })).rejects.toMatchObject({
			code: "ERR_COMPOSEFS_ARGUMENT",
			rule: "level",
		});
	});

	test("the signal ends it, also where the source waits for ever", async () => {
		const stop = new AbortController();
		const reason = new Error("stop");
		async function* source() {
			yield text;
			setTimeout(() => stop.abort(reason), 10);
			await new Promise(() => undefined);
		}
		await expect(gathered(compress(source(), { signal: stop.signal }))).rejects.toBe(reason);
	});

	test("who takes no more leaves nothing running, and the source closed", async () => {
		let closed = false;
		async function* source() {
			try {
				for (;;) yield text;
			} finally {
				closed = true;
			}
		}
		for await (const piece of compress(source())) {
			expect(piece.length).toBeGreaterThan(0);
			break;
		}
		expect(closed).toBe(true);
	});

	test("nor does it wait for a source that waits for ever", async () => {
		async function* source() {
			yield text;
			await new Promise(() => undefined);
		}
		const pieces = compress(source());
		expect((await pieces.next()).done).toBe(false);
		await pieces.return(undefined);
	});

	test("the source is asked no further ahead than it must be", async () => {
		let asked = 0;
		async function* source() {
			for (; asked < 1000; asked++) yield text;
		}
		for await (const _piece of compress(source())) {
			await new Promise((resolve) => setTimeout(resolve, 100));
			break;
		}
		expect(asked).toBeLessThan(10);
	});
});

test("bug: what an unfinished frame takes, 83 MiB at level 19, stayed until V8 found time to collect it", async () => {
	const before = process.memoryUsage.rss();
	for (let n = 0; n < 20; n++)
		for await (const _piece of compress(new Array(4).fill(Buffer.alloc(1 << 20, n)), { level: 19 })) break;
	expect((process.memoryUsage.rss() - before) / 2 ** 20).toBeLessThan(600);
});

test("what is ready of a frame may be nothing, and can be put together with the rest", async () => {
	const writer = new FrameWriter(3);
	const pieces = [];
	for (let n = 0; n < 10; n++) {
		writer.add(text.subarray(n, n + 1));
		pieces.push(await writer.send());
	}
	pieces.push(await writer.end());
	expect(pieces.some(({ length }) => length === 0)).toBe(true);
	expect(await gathered(decompress(inChunks(Buffer.concat(pieces), 7)))).toEqual(text.subarray(0, 10));
});

describeIf("the command zstd", findProgram("zstd"), "zstd is not on PATH", (zstd) => {
	test("takes it for what it is", async () => {
		const { stdout, status } = spawnSync(zstd, ["-dc"], { input: await frame(text), maxBuffer: 2 ** 24 });
		expect([status, stdout.equals(text)]).toEqual([0, true]);
	});
});
