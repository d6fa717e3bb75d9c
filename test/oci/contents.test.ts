import { setTimeout as wait } from "node:timers/promises";
import { describe, expect, jest, test } from "@jest/globals";
import { INLINE_SIZE } from "../../src/content.ts";
import { computeDigest } from "../../src/digest.ts";
import { Contents, gather } from "../../src/oci/contents.ts";
import type { ResolvedImage } from "../../src/oci/image.ts";
import { pullImage } from "../../src/oci/pull.ts";
import { layTars } from "../../src/oci/tars.ts";
import type { TarEntry } from "../../src/tar/entry.ts";
import { readTar } from "../../src/tar/read.ts";
import { MemoryStore } from "../support/memory-store.ts";
import { type PlainEntry, plainTar } from "../support/plain-tar.ts";

const sized = (size: number, name = `f${size}`): PlainEntry => ({ name, content: Buffer.alloc(size, name) });

async function read(contents: Contents, ...entries: PlainEntry[]) {
	const files = [];
	for await (const entry of readTar([plainTar(...entries)])) files.push(await contents.file(entry));
	return files;
}

describe("what was fetched", () => {
	test("is flushed now and then, and before all is settled", async () => {
		const store = new MemoryStore();
		let flushed = 0;
		const flush = jest.fn(async () => {
			await wait(5);
			flushed++;
		});
		const contents = new Contents(Object.assign(store, { flush }));
		for (let n = 0; n < 9; n++) contents.fetched(8 << 20);
		expect(flush).toHaveBeenCalledTimes(2);
		await contents.settled();
		expect(flushed).toBe(2);
	});

	test("cannot be had without a flush that fails", async () => {
		const reason = new Error("the disk is full");
		const flush = () => Promise.reject(reason);
		const contents = new Contents(Object.assign(new MemoryStore(), { flush }));
		contents.fetched(1 << 30);
		await expect(contents.settled()).rejects.toBe(reason);
	});
});

describe("a file's content", () => {
	test("is in the image up to 64 bytes, and else in the store", async () => {
		const store = new MemoryStore();
		const contents = new Contents(store);
		const sizes = [0, 1, INLINE_SIZE, INLINE_SIZE + 1, 1 << 20, (1 << 20) + 1];
		const files = await read(contents, ...sizes.map((size) => sized(size)));
		await contents.settled();
		expect(files.map(({ content }) => content?.length)).toEqual([0, 1, 64, undefined, undefined, undefined]);
		for (const [at, size] of sizes.entries()) {
			if (size <= INLINE_SIZE) continue;
			const digest = await computeDigest(Buffer.alloc(size, `f${size}`));
			expect(files[at]).toMatchObject({ size, digest, path: `${digest.slice(0, 2)}/${digest.slice(2)}` });
		}
		expect(store.objects.size).toBe(3);
	});

	test("keeps its metadata", async () => {
		const entry = {
			...sized(100),
			mode: 0o4711,
			uid: 5,
			gid: 6,
			mtimeNs: 7_000_000_008n,
			xattrs: { "user.a": "b" },
		};
		const [file] = await read(new Contents(new MemoryStore()), entry);
		expect(file).toMatchObject({ mode: 0o4711, uid: 5, gid: 6, mtimeNs: 7_000_000_008n });
		expect(file?.xattrs).toEqual(new Map([["user.a", Buffer.from("b")]]));
	});
});

test("small content is no part of something larger, which would stay as long as the tree", async () => {
	const [file] = await read(new Contents(new MemoryStore()), sized(5));
	expect(file?.content?.buffer.byteLength).toBe(5);
});

test("holes are zeros, whatever was in the memory", async () => {
	const spy = jest.spyOn(Buffer, "allocUnsafe").mockImplementation((size) => Buffer.alloc(size, 0xff));
	async function* content() {
		yield { hole: 3 };
		yield Buffer.from("x");
		yield { hole: 2 };
	}
	const bytes = await gather(6, content()).finally(() => spy.mockRestore());
	expect(Buffer.from(bytes).toString("latin1")).toBe("\0\0\0x\0\0");
});

describe("files on their way", () => {
	test("are several, and not all", async () => {
		const store = new MemoryStore();
		store.before = async () => {
			while (store.most < 256) await wait(1);
		};
		const contents = new Contents(store);
		await read(contents, ...Array.from({ length: 400 }, (_, at) => sized(100, `f${at}`)));
		await contents.settled();
		expect(store.most).toBe(256);
		expect(store.objects.size).toBe(400);
	});

	test("hold 16 MiB at most", async () => {
		const store = new MemoryStore();
		store.before = () => wait(1);
		const contents = new Contents(store);
		await read(contents, ...Array.from({ length: 40 }, (_, at) => sized(1 << 20, `f${at}`)));
		await contents.settled();
		expect(store.most).toBeLessThanOrEqual(16);
	});

	test("that fail end it all, with their error", async () => {
		const store = new MemoryStore();
		store.before = () => {
			throw new Error("no space");
		};
		const contents = new Contents(store);
		await expect(
			read(contents, ...Array.from({ length: 1000 }, (_, at) => sized(100, `f${at}`))).then(() =>
				contents.settled(),
			),
		).rejects.toThrow("no space");
		await expect(contents.settled()).rejects.toThrow("no space");
		await expect(read(contents, sized(1))).rejects.toThrow("no space");
		expect(store.objects.size).toBe(0);
	});

	test("bug: holes of terabytes were hashed on after the signal", async () => {
		const controller = new AbortController();
		const store = {
			put: async () => Promise.reject(new Error("not to be reached")),
			remember: () => undefined,
		};
		const contents = new Contents(store, { signal: controller.signal, remember: true });
		const size = 2 ** 42;
		const hole = async function* () {
			yield { hole: size };
		};
		const entry = { size, mode: 0o644, uid: 0, gid: 0, mtimeNs: 0n, content: hole } as never as TarEntry;
		store.put = async (content?: AsyncIterable<unknown>) => {
			for await (const _chunk of content ?? []);
			throw new Error("it came to an end");
		};
		const read = contents.file(entry);
		await wait(20);
		controller.abort(new Error("enough"));
		await expect(read).rejects.toThrow("enough");
	});

	test("are given up with the signal", async () => {
		const controller = new AbortController();
		const store = new MemoryStore();
		store.before = () => controller.abort(new Error("enough"));
		const contents = new Contents(store, { signal: controller.signal });
		await expect(read(contents, sized(100), sized(2 << 20)).then(() => contents.settled())).rejects.toThrow(
			"enough",
		);
	});
});

test.each([undefined, {}, { store: undefined }, { store: "folder" }])(
	"%j is no store to pull into",
	async (options) => {
		const refused = { name: "ComposefsError", code: "ERR_COMPOSEFS_ARGUMENT" };
		await expect(pullImage({} as ResolvedImage, options as never)).rejects.toMatchObject(refused);
		await expect(layTars([], options as never)).rejects.toMatchObject(refused);
	},
);
