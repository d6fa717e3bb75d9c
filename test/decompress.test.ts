import { spawnSync } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { gzipSync } from "node:zlib";
import { describe, expect, test } from "@jest/globals";
import { decompress } from "../src/decompress.ts";
import { cpuTimeOf, FAR_TOO_MUCH_MS } from "./support/cpu-time.ts";
import { describeIf, findProgram } from "./support/needs.ts";
import { inChunks } from "./support/read-archive.ts";

type Source = Iterable<Uint8Array> | AsyncIterable<Uint8Array>;

async function all(source: Source, options?: Parameters<typeof decompress>[1]): Promise<Buffer> {
	const pieces: Uint8Array[] = [];
	for await (const piece of decompress(source, options)) pieces.push(piece);
	return Buffer.concat(pieces);
}

const outcome = async (source: Source, options?: Parameters<typeof decompress>[1]): Promise<string> => {
	const error = await all(source, options).catch((error) => error);
	return error instanceof Buffer ? "ok" : `${error.code} ${error.rule}`;
};

/** Bytes that neither compress to nothing nor not at all. */
function someBytes(size: number): Buffer {
	const bytes = Buffer.alloc(size);
	for (let at = 0; at < size; at += 3) bytes.writeUInt8((at * at) % 251, at);
	return bytes;
}

/** A zstd frame of blocks that are stored, as RFC 8878 has them: no compressor is needed. */
function storedFrame(bytes: Uint8Array): Buffer {
	const blocks = [...inChunks(bytes, 100_000)].map((block, index, list) => {
		const last = index === list.length - 1 ? 1 : 0;
		const head = Buffer.alloc(3);
		head.writeUIntLE((block.length << 3) | last, 0, 3);
		return Buffer.concat([head, block]);
	});
	if (blocks.length === 0) blocks.push(Buffer.from([1, 0, 0]));
	const window = 7 << 3; // 2^17 bytes
	return Buffer.concat([Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0, window]), ...blocks]);
}

const skippable = Buffer.from([0x5f, 0x2a, 0x4d, 0x18, 2, 0, 0, 0, 1, 2]);

describe.each<[string, (bytes: Uint8Array) => Buffer, Buffer]>([
	["gzip", gzipSync, Buffer.alloc(0)],
	["zstd", storedFrame, skippable],
])("%s", (name, compress, between) => {
	const one = someBytes(3000);
	const two = someBytes(1_200_000);
	const both = Buffer.concat([one, two]);

	test("comes out as it went in, however it comes", async () => {
		const bytes = compress(two);
		for (const size of [bytes.length, 100_000, 4096])
			expect((await all(inChunks(bytes, size))).equals(two)).toBe(true);
		const small = compress(one);
		for (const size of [1, 2, 3, 5, 100]) expect((await all(inChunks(small, size))).equals(one)).toBe(true);
	});

	test("in several parts, cut anywhere", async () => {
		const bytes = Buffer.concat([compress(one), between, compress(Buffer.alloc(0)), compress(two), between]);
		expect((await all([bytes])).equals(both)).toBe(true);
		const start = compress(one).length;
		for (let at = start - 20; at < start + 60; at++)
			expect((await all([bytes.subarray(0, at), bytes.subarray(at)])).equals(both)).toBe(true);
	});

	test("of thousands of parts", async () => {
		const part = compress(Buffer.from("part"));
		const bytes = Buffer.concat(Array.from({ length: 5000 }, () => part));
		expect((await all(inChunks(bytes, 65536))).equals(Buffer.from("part".repeat(5000)))).toBe(true);
	});

	test("of no bytes", async () => {
		expect(await all([compress(Buffer.alloc(0))])).toHaveLength(0);
	});

	test("truncated at any length: an error", async () => {
		const bytes = Buffer.concat([compress(someBytes(100)), between, compress(someBytes(50))]);
		const ends = [compress(someBytes(100)).length];
		if (between.length > 0) ends.push((ends[0] as number) + between.length);
		// With fewer bytes nobody knows what it is.
		for (let length = 4; length < bytes.length; length++)
			expect([length, await outcome([bytes.subarray(0, length)])]).toEqual([
				length,
				ends.includes(length) ? "ok" : "ERR_COMPOSEFS_BLOB truncated",
			]);
	});

	test("followed by something else: an error", async () => {
		const bytes = compress(one);
		for (const rest of ["text", "\0\0\0\0text", "x"])
			for (const source of [[bytes, Buffer.from(rest)], [Buffer.concat([bytes, Buffer.from(rest)])]]) {
				const result = await outcome(source);
				expect([`ERR_COMPOSEFS_BLOB ${name}`, "ERR_COMPOSEFS_BLOB truncated"]).toContain(result);
			}
	});

	test("damaged at each byte: bytes or an error, soon", async () => {
		const bytes = compress(someBytes(60));
		for (let at = 4; at < bytes.length; at++) {
			const damaged = Buffer.from(bytes);
			damaged[at] = (damaged[at] as number) ^ 0x41;
			expect(await outcome([damaged], { limit: 1 << 20 })).toMatch(/^(ok|ERR_COMPOSEFS_BLOB \S+)$/);
		}
	});

	test("stops at the limit", async () => {
		expect(await outcome([compress(two)], { limit: two.length })).toBe("ok");
		await expect(all([compress(two)], { limit: two.length - 1 })).rejects.toMatchObject({
			code: "ERR_COMPOSEFS_BLOB",
			rule: "output-limit",
			limit: two.length - 1,
		});
	});

	test("asks its source for no more than a little ahead", async () => {
		const bytes = compress(randomBytes(30_000_000));
		let given = 0;
		const source = function* () {
			for (const chunk of inChunks(bytes, 65536)) {
				given += chunk.length;
				yield chunk;
			}
		};
		const pieces = decompress(source());
		await pieces.next();
		await new Promise((resolve) => setTimeout(resolve, 200));
		expect(given).toBeLessThan(10_000_000);
		await pieces.return(undefined);
		const stopped = given;
		await new Promise((resolve) => setTimeout(resolve, 50));
		expect(given).toBe(stopped);
	});

	test("tells its source when nobody wants more", async () => {
		let closed = false;
		const source = function* () {
			try {
				for (;;) yield compress(one);
			} finally {
				closed = true;
			}
		};
		for await (const _ of decompress(source())) break;
		expect(closed).toBe(true);
	});

	test("from a source that waits for ever ends when it is left, or aborted", async () => {
		const stuck = async function* () {
			yield compress(two);
			await new Promise(() => undefined);
		};
		for await (const _ of decompress(stuck())) break;
		const reason = new Error("enough");
		const controller = new AbortController();
		setTimeout(() => controller.abort(reason), 50);
		await expect(all(stuck(), { signal: controller.signal })).rejects.toBe(reason);
	});

	test("from a source that waits: what is there comes out", async () => {
		const stuck = async function* () {
			yield compress(randomBytes(700_000));
			await new Promise(() => undefined);
		};
		const pieces = decompress(stuck());
		expect((await pieces.next()).value).toBeDefined();
		await pieces.return(undefined);
	});

	test("that is damaged: the error does not wait for a source that waits", async () => {
		const stuck = async function* () {
			yield Buffer.concat([compress(one), Buffer.from("damage"), Buffer.alloc(2_000_000)]);
			await new Promise(() => undefined);
		};
		const result = await outcome(stuck());
		expect(result).toBe(`ERR_COMPOSEFS_BLOB ${name}`);
	});

	test("bug: what a source throws when it is left stood in for what was wrong", async () => {
		const source = async function* () {
			try {
				for (;;) yield compress(one);
			} finally {
				// biome-ignore lint/correctness/noUnsafeFinally: this is what is tested
				throw new Error("of the source");
			}
		};
		await expect(all(source(), { limit: 1 })).rejects.toMatchObject({ rule: "output-limit" });
	});

	test("from a source that fails: its error", async () => {
		const reason = new Error("gone");
		const source = async function* () {
			yield compress(one).subarray(0, 1000);
			throw reason;
		};
		await expect(all(source())).rejects.toBe(reason);
	});

	test("many at once do not mix", async () => {
		const inputs = Array.from({ length: 20 }, (_, index) => someBytes(50_000 + index * 1000));
		const outputs = await Promise.all(inputs.map((bytes) => all([compress(bytes)])));
		expect(outputs.every((bytes, index) => bytes.equals(inputs[index] as Buffer))).toBe(true);
	});
});

test("bug: gzip in chunks of a byte took the square of their number", async () => {
	const compressed = gzipSync(randomBytes(100_000));
	let given = 0;
	const bytewise = function* () {
		for (; given < compressed.length; given++) yield compressed.subarray(given, given + 1);
	};
	const spent = await cpuTimeOf(async () => {
		// zlib has taken few of them by then. Its own work is as much for each, and more than all of ours.
		for await (const _ of decompress(bytewise())) if (given === compressed.length) break;
	});
	expect(given).toBe(compressed.length);
	expect(spent).toBeLessThan(FAR_TOO_MUCH_MS);
});

describe("what is not compressed", () => {
	test("comes out as it is", async () => {
		for (const text of ["", "x", "text", "\x1f", "(\xb5/"]) {
			const bytes = Buffer.from(text, "latin1");
			expect(await all(inChunks(bytes, 1))).toEqual(bytes);
		}
	});

	test("has the limit too", async () => {
		expect(await outcome([Buffer.from("text")], { limit: 3 })).toBe("ERR_COMPOSEFS_BLOB output-limit");
	});

	test.each([Number.NaN, -1, "x"])("a limit of %p is none", async (limit) => {
		expect(await outcome([], { limit: limit as number })).toBe("ERR_COMPOSEFS_ARGUMENT limit");
	});
});

describe("gzip", () => {
	test("may have zeros behind it, as padding", async () => {
		const bytes = gzipSync("text");
		for (const zeros of [1, 511, 100_000])
			for (const source of [[bytes, Buffer.alloc(zeros)], [Buffer.concat([bytes, Buffer.alloc(zeros)])]])
				expect(await all(source)).toEqual(Buffer.from("text"));
	});
});

test("aborted before: the source is not asked", async () => {
	const reason = new Error("enough");
	const source = { [Symbol.iterator]: () => Promise.reject(new Error("asked")) };
	await expect(all(source as never, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
});

describeIf("the zstd command", findProgram("zstd"), "zstd is not on PATH", (zstd) => {
	test.each([["-1"], ["-19"], ["--ultra", "-22"], ["--long=27"], ["--no-check"], ["-T2", "-B200000"]])(
		"%s %s: the same bytes",
		async (...args) => {
			const bytes = Buffer.concat([someBytes(2_000_000), randomBytes(300_000), someBytes(900_000)]);
			const { stdout } = spawnSync(zstd, [...args.filter(Boolean), "-c"], {
				input: bytes,
				maxBuffer: 2 ** 26,
			});
			const hash = (data: Uint8Array) => createHash("sha256").update(data).digest("hex");
			expect(hash(await all(inChunks(Buffer.concat([stdout, skippable, stdout]), 50_000)))).toBe(
				hash(Buffer.concat([bytes, bytes])),
			);
		},
	);
});
