import { existsSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { open, truncate } from "node:fs/promises";
import { setTimeout } from "node:timers/promises";
import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import type { ContentChunk } from "../../src/content.ts";
import { Tree } from "../../src/tree.ts";
import { objectPath, someBytes, useStore } from "../support/opened-store.ts";
import { referenceDigest } from "../support/reference-verity.ts";
import { expectGivenUp } from "../support/stuck.ts";
import { useTemporaryFolder } from "../support/temporary.ts";

const at = useTemporaryFolder();
const { openStore, contents } = useStore(at);

const SIZES = [0, 1, 64, 65, 4096, 100_000, 2 ** 18 - 1, 2 ** 18, 2 ** 18 + 1, 3_000_001];

describe("put", () => {
	test.each(SIZES)("%d bytes, as bytes, as a file, open and as a stream", async (size) => {
		const bytes = someBytes(size);
		writeFileSync(at("file"), bytes);
		const handle = await open(at("file"));
		const expected = { digest: referenceDigest(bytes), path: objectPath(bytes), size };
		const kinds = [
			() => bytes,
			() => ({ file: at("file") }),
			() => ({ file: handle }),
			() => [bytes.subarray(0, size >> 1), bytes.subarray(size >> 1)],
		];
		for (const content of kinds) {
			const store = await openStore();
			expect(await store.put(content())).toEqual({ ...expected, existed: false });
			expect(await store.put(content())).toEqual({ ...expected, existed: true });
			await store.close();
			expect(contents()).toEqual([expected.path]);
			expect(readFileSync(at("store", expected.path)).equals(bytes)).toBe(true);
			rmSync(at("store"), { recursive: true });
		}
		await handle.close();
	});

	test("any pieces and holes", async () => {
		const store = await openStore({ sync: "never" });
		const piece = fc.oneof(
			fc.uint8Array({ maxLength: 9000, size: "max" }),
			fc.nat(20_000).map((hole) => ({ hole })),
		);
		await fc.assert(
			fc.asyncProperty(fc.array(piece, { maxLength: 6 }), async (pieces: ContentChunk[]) => {
				const bytes = Buffer.concat(
					pieces.map((part) => (part instanceof Uint8Array ? part : Buffer.alloc(part.hole))),
				);
				const { digest, size } = await store.put(pieces);
				expect([digest, size]).toEqual([referenceDigest(bytes), bytes.length]);
				expect(readFileSync(store.path(digest)).equals(bytes)).toBe(true);
			}),
			{ numRuns: 60 },
		);
	});

	test("large holes are neither written nor hashed one by one", async () => {
		const store = await openStore();
		const { digest, size } = await store.put([Buffer.from("a"), { hole: 2 ** 40 }, Buffer.from("b")]);
		expect(size).toBe(2 ** 40 + 2);
		expect(statSync(store.path(digest)).blocks).toBeLessThan(100);
	});

	test("a sparse file stays sparse", async () => {
		writeFileSync(at("sparse"), "head");
		await truncate(at("sparse"), 50_000_000);
		const store = await openStore();
		const bytes = Buffer.alloc(50_000_000);
		bytes.write("head");
		const { digest } = await store.put({ file: at("sparse") });
		expect(digest).toBe(referenceDigest(bytes));
		expect(statSync(store.path(digest)).blocks).toBeLessThan(1000);
	});

	test("equal objects by many at once: one of them writes", async () => {
		const [one, other] = [await openStore(), await openStore()];
		const contents = Array.from({ length: 200 }, (_, i) => someBytes(10_000 + (i % 5)));
		const stored = await Promise.all(contents.map((bytes, i) => (i % 2 ? one : other).put(bytes)));
		expect(stored.map(({ digest }) => digest)).toEqual(contents.map((bytes) => referenceDigest(bytes)));
		const fresh = (of: number) => stored.filter(({ existed }, i) => i % 2 === of && !existed).length;
		expect(fresh(0)).toBeLessThanOrEqual(5);
		expect(fresh(1)).toBeLessThanOrEqual(5);
		expect(fresh(0) + fresh(1)).toBeGreaterThanOrEqual(5);
	});

	test("modes are those asked for, whatever the umask", async () => {
		const before = process.umask(0o077);
		try {
			const store = await openStore({ mode: 0o444, folderMode: 0o775 });
			const { path } = await store.put(Buffer.from("text"));
			const modes = [".", path.slice(0, 2), path].map((name) => statSync(at("store", name)).mode & 0o7777);
			expect(modes).toEqual([0o775, 0o775, 0o444]);
		} finally {
			process.umask(before);
		}
	});

	test("progress is told", async () => {
		const seen: unknown[] = [];
		const store = await openStore({ onProgress: (progress) => seen.push(progress) });
		await store.put(Buffer.from("text"));
		await store.put(Buffer.from("text"));
		expect(seen).toEqual([
			{ objects: 1, bytes: 4, existed: 0 },
			{ objects: 2, bytes: 8, existed: 1 },
		]);
	});
});

describe("sync: flush", () => {
	test("an object has its name after flush, and not before", async () => {
		const store = await openStore({ sync: "flush" });
		const { path, digest } = await store.put(Buffer.from("text"));
		expect(existsSync(at("store", path))).toBe(false);
		expect((await store.put(Buffer.from("text"))).existed).toBe(true);
		await store.flush();
		expect(readFileSync(at("store", path), "utf8")).toBe("text");
		expect(await store.verify(digest)).toBe(true);
	});

	test("bug: one of two flushes at once was done before the objects had their names", async () => {
		const store = await openStore({ sync: "flush" });
		const names: string[] = [];
		for (let i = 0; i < 50; i++) names.push((await store.put(Buffer.from(`text ${i}`))).path);
		await Promise.race([store.flush(), store.flush()]);
		for (const name of names) expect(existsSync(at("store", name))).toBe(true);
	});

	test("close flushes", async () => {
		const store = await openStore({ sync: "flush" });
		for (let i = 0; i < 100; i++) void store.put(Buffer.from(`text ${i}`));
		await store.put(Buffer.from("last"));
		await store.close();
		expect(contents().length).toBe(101);
	});
});

describe("gc", () => {
	test("that is refused lets nobody in who has to wait for another", async () => {
		const store = await openStore();
		const bytes = someBytes(5000);
		await store.put(bytes);
		let put: Promise<{ existed: boolean; digest: string }> | undefined;
		async function* images() {
			await expect(store.gc([])).rejects.toMatchObject({ rule: "busy" });
			put = store.put(bytes);
			await setTimeout(50);
			yield new Tree();
		}
		expect((await store.gc(images())).removed).toHaveLength(1);
		const { existed, digest } = (await put) ?? {};
		expect([existed, await store.has(digest ?? "")]).toEqual([false, true]);
	});

	test("that is refused leaves the store to others no more than before", async () => {
		const [store, other, third] = [await openStore(), await openStore(), await openStore()];
		await store.put(Buffer.from("one"));
		await other.put(Buffer.from("two"));
		await expect(store.gc([])).rejects.toMatchObject({ rule: "busy" });
		await store.put(Buffer.from("three"));
		await other.close();
		await expect(third.gc([])).rejects.toMatchObject({ rule: "busy" });
	});

	test("waits also for puts that begin while it waits for others", async () => {
		const store = await openStore();
		let later: Promise<{ path: string }> | undefined;
		async function* slow() {
			await setTimeout(20);
			later = store.put(pieces());
			yield Buffer.alloc(600_000, "first");
		}
		async function* pieces() {
			yield Buffer.alloc(600_000, "later");
			await setTimeout(200);
		}
		const first = store.put(slow());
		const { removed } = await store.gc([]);
		const paths = [await first, await later].map((stored) => stored?.path);
		expect(removed.map(({ path }) => path).sort()).toEqual(paths.sort());
	});
});

describe("signals", () => {
	test("bug: a source that waits for ever was not given up", async () => {
		const store = await openStore();
		await expectGivenUp([someBytes(1 << 20)], (source, signal) => store.put(source, { signal }));
	});

	test("a stream that is aborted leaves nothing", async () => {
		const store = await openStore();
		const controller = new AbortController();
		const reason = new Error("enough");
		async function* endless() {
			for (let i = 0; ; i++) {
				if (i === 20) controller.abort(reason);
				yield Buffer.alloc(100_000, i);
			}
		}
		await expect(store.put(endless(), { signal: controller.signal })).rejects.toBe(reason);
		await store.close();
		expect(contents()).toEqual([]);
	});

	test("a file that is aborted leaves nothing, and others are put", async () => {
		writeFileSync(at("big"), "x");
		await truncate(at("big"), 2 ** 20);
		writeFileSync(at("big"), Buffer.alloc(2 ** 27, 1));
		const store = await openStore();
		const controller = new AbortController();
		const aborted = expect(store.put({ file: at("big") }, { signal: controller.signal })).rejects.toThrow(
			"abort",
		);
		const other = store.put(Buffer.from("text"));
		setImmediate(() => controller.abort());
		await aborted;
		await other;
		await store.close();
		expect(contents()).toEqual([objectPath(Buffer.from("text"))]);
	});

	test("a source that fails, or is longer or shorter than it should be, leaves nothing", async () => {
		const store = await openStore();
		async function* failing() {
			yield Buffer.alloc(2 ** 20);
			throw new Error("no more");
		}
		await expect(store.put(failing())).rejects.toThrow("no more");
		for (const size of [2 ** 20 - 1, 2 ** 20 + 1])
			await expect(store.put([Buffer.alloc(2 ** 20)], { size })).rejects.toMatchObject({
				code: "ERR_COMPOSEFS_BLOB",
				limit: size,
			});
		await store.close();
		expect(contents()).toEqual([]);
	});
});

describe("refused", () => {
	test("bug: bytes had any size, pieces the one they should have", async () => {
		const store = await openStore();
		const bytes = someBytes(100);
		for (const content of [bytes, [bytes]])
			await expect(store.put(content, { size: 99 })).rejects.toMatchObject({
				rule: "size",
				limit: 99,
				actual: 100,
			});
		expect(await store.put(bytes, { size: 100 })).toMatchObject({ size: 100 });
	});

	test.each([undefined, null, 5, "text", {}, [5], [{ hole: -1 }], { file: 5 }])(
		"%j as content",
		async (content) => {
			const store = await openStore();
			await expect(store.put(content as never)).rejects.toMatchObject({ code: "ERR_COMPOSEFS_ARGUMENT" });
		},
	);

	test("a folder as a file", async () => {
		const store = await openStore();
		await expect(store.put({ file: at() })).rejects.toMatchObject({ code: "EISDIR", path: at() });
	});
});
