import {
	chmodSync,
	existsSync,
	lstatSync,
	mkdirSync,
	readdirSync,
	readFileSync,
	rmSync,
	statSync,
	symlinkSync,
	writeFileSync,
} from "node:fs";
import { open, truncate } from "node:fs/promises";
import { setTimeout as pause } from "node:timers/promises";
import { afterEach, describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import type { ContentChunk } from "../../src/content.ts";
import { ObjectStore, type StoreOptions } from "../../src/store/index.ts";
import { Tree } from "../../src/tree.ts";
import { referenceDigest } from "../support/reference-verity.ts";
import { useTemporaryFolder } from "../support/temporary.ts";

const at = useTemporaryFolder();
const opened: ObjectStore[] = [];

async function openStore(options?: StoreOptions): Promise<ObjectStore> {
	const store = await ObjectStore.open(at("store"), options);
	opened.push(store);
	return store;
}

afterEach(async () => {
	await Promise.allSettled(opened.splice(0).map((store) => store.close()));
});

/** What is in the store, but for its lock: objects, and whatever should not be there. */
function contents(): string[] {
	return readdirSync(at("store"), { recursive: true, encoding: "utf8" })
		.filter((name) => name !== ".lock" && !/^[0-9a-f]{2}$/.test(name))
		.sort();
}

function objectPath(bytes: Uint8Array): string {
	const digest = referenceDigest(bytes);
	return `${digest.slice(0, 2)}/${digest.slice(2)}`;
}

const SIZES = [0, 1, 64, 65, 4096, 100_000, 2 ** 18 - 1, 2 ** 18, 2 ** 18 + 1, 3_000_001];

function someBytes(size: number): Buffer {
	const bytes = Buffer.alloc(size);
	for (let i = 0; i < size; i += 977) bytes[i] = i % 253;
	return bytes;
}

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

	test("close flushes", async () => {
		const store = await openStore({ sync: "flush" });
		for (let i = 0; i < 100; i++) void store.put(Buffer.from(`text ${i}`));
		await store.put(Buffer.from("last"));
		await store.close();
		expect(contents().length).toBe(101);
	});
});

describe("an object that is there", () => {
	async function withObject(content: string): Promise<{ store: ObjectStore; path: string }> {
		const path = objectPath(Buffer.from("text"));
		mkdirSync(at("store", path.slice(0, 2)), { recursive: true });
		writeFileSync(at("store", path), content);
		return { store: await openStore(), path };
	}

	test("is replaced if its size is wrong", async () => {
		const { store, path } = await withObject("");
		expect((await store.put(Buffer.from("text"))).existed).toBe(false);
		expect(readFileSync(at("store", path), "utf8")).toBe("text");
	});

	test.each(["content", "verity"] as const)(
		"is replaced if its bytes are wrong, with trust: %s",
		async (trust) => {
			const { store, path } = await withObject("tExt");
			expect((await store.put(Buffer.from("text"))).existed).toBe(true); // by its size
			const distrustful = await openStore({ trust });
			for (const content of [
				Buffer.from("text"),
				[Buffer.from("te"), Buffer.from("xt")],
				{ file: at("file") },
			]) {
				writeFileSync(at("store", path), "tExt");
				writeFileSync(at("file"), "text");
				expect((await distrustful.put(content)).existed).toBe(false);
				expect(readFileSync(at("store", path), "utf8")).toBe("text");
			}
			expect(readFileSync(at("store", path), "utf8")).toBe("text");
		},
	);

	test.each([
		["a symlink", (path: string) => symlinkSync("elsewhere", path)],
		["a folder", (path: string) => mkdirSync(path)],
	])("is refused if it is %s", async (_title, make) => {
		const { store, path } = await withObject("text");
		rmSync(at("store", path));
		make(at("store", path));
		const refused = { code: "ERR_COMPOSEFS_STORE", rule: "object-type", path: at("store", path) };
		const digest = path.replace("/", "");
		const calls = [
			() => store.put(Buffer.from("text")),
			() => store.has(digest),
			() => store.verify(digest),
			() => store.open(digest),
		];
		for (const call of calls) await expect(call()).rejects.toMatchObject(refused);
	});

	test("is refused if its folder is a symlink", async () => {
		const { path } = await withObject("text");
		const folder = at("store", path.slice(0, 2));
		rmSync(folder, { recursive: true });
		mkdirSync(at("elsewhere"));
		symlinkSync(at("elsewhere"), folder);
		const store = await openStore();
		await expect(store.put(Buffer.from("text"))).rejects.toMatchObject({ rule: "object-type", path: folder });
		expect(readdirSync(at("elsewhere"))).toEqual([]);
	});
});

const identity = (path: string) => lstatSync(path, { bigint: true });

describe("files that change", () => {
	test("since they were found are refused", async () => {
		writeFileSync(at("file"), "text");
		const found = identity(at("file"));
		const store = await openStore();
		expect((await store.put({ file: at("file") }, { identity: found })).size).toBe(4);
		writeFileSync(at("file"), "other");
		const changed = { code: "ERR_COMPOSEFS_CHANGED", rule: "changed", path: at("file") };
		await expect(store.put({ file: at("file") }, { identity: found })).rejects.toMatchObject(changed);
		rmSync(at("file"));
		symlinkSync(at("store"), at("file"));
		await expect(store.put({ file: at("file") }, { identity: found })).rejects.toMatchObject(changed);
		rmSync(at("file"));
		await expect(store.put({ file: at("file") }, { identity: found })).rejects.toMatchObject({
			code: "ENOENT",
		});
	});

	test("while they are read are refused", async () => {
		writeFileSync(at("file"), "");
		await truncate(at("file"), 2 ** 26);
		const handle = await open(at("file"), "r+");
		const store = await openStore();
		const put = expect(store.put({ file: handle })).rejects.toMatchObject({ code: "ERR_COMPOSEFS_CHANGED" });
		let settled = false;
		void put.finally(() => {
			settled = true;
		});
		while (!settled) await handle.write(Buffer.from("x"), 0, 1, 2 ** 26);
		await put;
		await handle.close();
	});
});

describe("files that were put before", () => {
	/** A file that was not changed just now. */
	async function oldFile(text: string) {
		writeFileSync(at("file"), text);
		await pause(2100);
		return identity(at("file"));
	}

	test("are not read again, also by another store", async () => {
		const found = await oldFile("text");
		const first = await openStore();
		const stored = await first.put({ file: at("file") }, { identity: found });
		await first.close();
		expect(statSync(at("store/.digests")).mode & 0o777).toBe(0o600);
		// What is remembered is believed: the digest of other bytes, for which there is an object of that size.
		const other = referenceDigest(Buffer.from("tExt"));
		const remembered = readFileSync(at("store/.digests"));
		remembered.set(Buffer.from(other, "hex"), remembered.indexOf(Buffer.from(stored.digest, "hex")));
		remembered.writeBigUInt64LE(checkOf(remembered.subarray(24)), 16);
		writeFileSync(at("store/.digests"), remembered);
		const second = await openStore();
		await second.put(Buffer.from("tExt"));
		const again = await second.put({ file: at("file") }, { identity: found });
		expect(again).toMatchObject({ digest: other, existed: true });
	});

	test("a digest that is remembered is of no use without the object", async () => {
		const found = await oldFile("text");
		const store = await openStore();
		const { path } = await store.put({ file: at("file") }, { identity: found });
		expect((await store.put({ file: at("file") }, { identity: found })).existed).toBe(true);
		rmSync(at("store", path));
		expect((await store.put({ file: at("file") }, { identity: found })).existed).toBe(false);
		writeFileSync(at("file"), "tExt");
		const changed = { code: "ERR_COMPOSEFS_CHANGED" };
		await expect(store.put({ file: at("file") }, { identity: found })).rejects.toMatchObject(changed);
	});

	test("are remembered only with cache", async () => {
		const found = await oldFile("text");
		const store = await openStore({ cache: false });
		await store.put({ file: at("file") }, { identity: found });
		await store.close();
		expect(existsSync(at("store/.digests"))).toBe(false);
	});
});

/** As native/digest_cache.cc has it. */
function checkOf(bytes: Buffer): bigint {
	let check = 0xcbf29ce484222325n;
	for (let at = 0; at + 8 <= bytes.length; at += 8) {
		check = BigInt.asUintN(64, (check ^ bytes.readBigUInt64LE(at)) * 0x100000001b3n);
		check ^= check >> 32n;
	}
	return check;
}

describe("signals", () => {
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

describe("what is asked of a store", () => {
	test("list, has, stat, path, open", async () => {
		const store = await openStore();
		const stored = await Promise.all(
			["a", "b", "c"].map((text) => store.put(Buffer.from(text.repeat(5000)))),
		);
		writeFileSync(at("store", "README"), "no object");
		writeFileSync(at("store", (stored[0]?.path ?? "").slice(0, 2), "x"), "no object");
		const listed = [];
		for await (const entry of store.list()) listed.push(entry);
		const expected = stored.map(({ digest, path }) => ({ digest, path }));
		expect(listed).toEqual(expected.sort((a, b) => (a.path < b.path ? -1 : 1)));
		const { digest = "", path } = stored[1] ?? {};
		expect([await store.has(digest), await store.has("0".repeat(64))]).toEqual([true, false]);
		expect(await store.stat(`sha256:${digest.toUpperCase()}`)).toMatchObject({ size: 5000 });
		expect(store.path(digest).toString()).toBe(at("store", path ?? ""));
		const handle = await store.open(digest);
		expect((await handle.readFile("utf8")).startsWith("bbb")).toBe(true);
		await handle.close();
		const none = { code: "ENOENT" };
		await expect(store.open("0".repeat(64))).rejects.toMatchObject(none);
		await expect(store.verify("0".repeat(64))).rejects.toMatchObject(none);
	});

	test("missing", async () => {
		const store = await openStore();
		const { digest, path, size } = await store.put(Buffer.alloc(100));
		const tree = new Tree();
		tree.writeFile("/there", { digest, path, size });
		tree.writeFile("/not-there", { size: 5, path: `aa/${"b".repeat(62)}` });
		tree.writeFile("/elsewhere", { size: 5, path: "../elsewhere" });
		expect((await store.missing(tree)).map((object) => object.path)).toEqual([
			"../elsewhere",
			`aa/${"b".repeat(62)}`,
		]);
		tree.writeFile("/there", { digest, path, size: 101 });
		expect((await store.missing(tree)).map((object) => object.path)).toContain(path);
	});

	test("an object that was changed does not verify", async () => {
		const store = await openStore({ verity: "off" });
		const { digest } = await store.put(Buffer.alloc(5000));
		expect(await store.verify(digest)).toBe(true);
		chmodSync(store.path(digest), 0o600);
		writeFileSync(store.path(digest), Buffer.alloc(5000, 1));
		expect(await store.verify(digest)).toBe(false);
	});

	test("after close: nothing", async () => {
		const store = await openStore();
		await store.close();
		await store.close();
		await expect(store.put(Buffer.from("text"))).rejects.toMatchObject({ rule: "closed" });
		await expect(store.has("0".repeat(64))).rejects.toMatchObject({ rule: "closed" });
	});
});

describe("refused", () => {
	test("a store that is not there, or no folder", async () => {
		await expect(openStore({ create: false })).rejects.toMatchObject({ code: "ENOENT", path: at("store") });
		writeFileSync(at("store"), "");
		await expect(openStore()).rejects.toMatchObject({ code: "ENOTDIR" });
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
