/** Contents by their SHA-256: what is remembered, and what of it is believed. */
import { createHash } from "node:crypto";
import {
	appendFileSync,
	chmodSync,
	chownSync,
	existsSync,
	mkdirSync,
	readFileSync,
	renameSync,
	rmSync,
	symlinkSync,
	truncateSync,
	writeFileSync,
} from "node:fs";
import { open as openFile } from "node:fs/promises";
import path from "node:path";
import { beforeEach, describe, expect, jest, test } from "@jest/globals";
import fc from "fast-check";
import { INLINE_SIZE } from "../../src/content.ts";
import { ObjectStore, type StoredObject, type StoreOptions } from "../../src/store/index.ts";
import { isRoot } from "../support/folder.ts";
import { useTemporaryFolder } from "../support/temporary.ts";

const temporary = useTemporaryFolder();
const sha256 = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");
const content = Buffer.alloc(1000, "content");
const other = Buffer.alloc(1000, "other");
const short = Buffer.from("short");
const name = { sha256: sha256(content), size: 1000 };
const index = () => temporary("store", ".sha256");
let stored: StoredObject;

const open = (options: StoreOptions = {}) => ObjectStore.open(temporary("store"), options);

async function find(options: StoreOptions = {}, wanted = [name]) {
	await using store = await open(options);
	return await store.find(wanted);
}

beforeEach(async () => {
	await using store = await open();
	stored = await store.put(content);
	store.remember(name.sha256, stored);
	store.remember(sha256(short), short);
});

describe("the index of contents", () => {
	test("knows what it was told, at once and later, in the order of what is asked", async () => {
		await using store = await open();
		const added = await store.put(other);
		store.remember(sha256(other), added);
		const unknown = { sha256: "ab".repeat(32), size: 1 };
		const wanted = [unknown, { sha256: sha256(other), size: 1000 }, name, { sha256: sha256(short), size: 5 }];
		const expected = [
			undefined,
			{ digest: added.digest, path: added.path },
			{ digest: stored.digest, path: stored.path },
			short,
		];
		expect(await store.find(wanted)).toEqual(expected);
		await store.flush();
		expect(await find({}, wanted)).toEqual(expected);
	});

	test("bug: gc removed what somebody had just found and needed", async () => {
		await using other = await open();
		{
			await using store = await open({ sync: "flush" });
			expect(await store.find([name])).toMatchObject([{ digest: stored.digest }]);
			await expect(other.gc([])).rejects.toMatchObject({ rule: "busy" });
			await store.flush();
			expect(await store.has(stored.digest)).toBe(true);
		}
		expect((await other.gc([])).removed).toHaveLength(1);
	});

	test("while gc works, who would find something waits", async () => {
		await using other = await open();
		await using store = await open();
		let finding: Promise<unknown> = Promise.resolve();
		async function* images() {
			finding = store.find([name]);
			await expect(store.find([name], { signal: AbortSignal.timeout(30) })).rejects.toThrow("timeout");
			yield* [];
		}
		expect((await other.gc(images())).removed).toHaveLength(1);
		expect(await finding).toEqual([undefined]);
	});

	test("is believed only of objects that are there, and of that size", async () => {
		expect(await find({}, [{ ...name, size: 999 }])).toEqual([undefined]);
		expect(await find({}, [{ sha256: sha256(short), size: 4 }])).toEqual([undefined]);
		truncateSync(temporary("store", stored.path), 999);
		expect(await find()).toEqual([undefined]);
		rmSync(temporary("store", stored.path));
		expect(await find()).toEqual([undefined]);
	});

	test("that lies is found out with trust: content, and changed objects with verity", async () => {
		await using store = await open();
		const wrong = await store.put(other);
		store.remember(name.sha256, wrong);
		await store.flush();
		expect(await find()).toEqual([{ digest: wrong.digest, path: wrong.path }]);
		expect(await find({ trust: "content" })).toEqual([undefined]);
		store.remember(name.sha256, stored);
		await store.flush();
		expect(await find({ trust: "content" })).toEqual([{ digest: stored.digest, path: stored.path }]);
	});

	test.each([0o666, 0o664, 0o646])("that others can write to is none: %o", async (mode) => {
		chmodSync(index(), mode);
		expect(await find()).toEqual([undefined]);
	});

	(isRoot ? test : test.skip)("that is somebody else's is none", async () => {
		chownSync(index(), 65534, 65534);
		expect(await find()).toEqual([undefined]);
	});

	test("that is a symlink is none: nothing is read or written where it leads", async () => {
		renameSync(index(), temporary("elsewhere"));
		symlinkSync(temporary("elsewhere"), index());
		const before = readFileSync(temporary("elsewhere"));
		expect(await find()).toEqual([undefined]);
		{
			await using store = await open();
			store.remember(name.sha256, stored);
		}
		expect(readFileSync(temporary("elsewhere"))).toEqual(before);
	});

	test("goes on behind a line that is torn", async () => {
		const text = readFileSync(index(), "latin1");
		writeFileSync(index(), text.slice(0, 100));
		expect(await find()).toEqual([undefined]);
		{
			await using store = await open();
			store.remember(name.sha256, stored);
		}
		expect(await find()).toEqual([{ digest: stored.digest, path: stored.path }]);
	});

	test("does not count a line without its end", async () => {
		const wanted = [name, { sha256: sha256(short), size: 5 }];
		truncateSync(index(), readFileSync(index()).length - 1);
		expect(await find({}, wanted)).toEqual([{ digest: stored.digest, path: stored.path }, undefined]);
	});

	test("bug: after a failed write to it, no object got its name, and flush failed for ever", async () => {
		const handle = await openFile(index());
		const spy = jest.spyOn(Object.getPrototypeOf(handle), "writeFile");
		await handle.close();
		{
			await using store = await open({ sync: "flush" });
			const added = await store.put(other);
			store.remember(sha256(other), added);
			spy.mockRejectedValueOnce(Object.assign(new Error("no space"), { code: "ENOSPC" }));
			await store.flush();
			spy.mockRestore();
			expect(existsSync(store.path(added.digest))).toBe(true);
			expect(await store.find([{ sha256: sha256(other), size: 1000 }])).toEqual([undefined]);
			store.remember(sha256(other), added);
		}
		expect(await find({}, [{ sha256: sha256(other), size: 1000 }])).not.toEqual([undefined]);
	});

	test("damaged in any way, says nothing or the truth", async () => {
		const whole = readFileSync(index());
		const wanted = [name, { sha256: sha256(short), size: 5 }];
		await using store = await open();
		await fc.assert(
			fc.asyncProperty(fc.nat(whole.length - 1), fc.integer({ min: 1, max: 255 }), async (at, change) => {
				const damaged = Buffer.from(whole);
				damaged[at] = (damaged[at] as number) ^ change;
				writeFileSync(index(), damaged);
				const [object, inline] = await store.find(wanted);
				if (object !== undefined) expect(object).toEqual({ digest: stored.digest, path: stored.path });
				if (inline !== undefined) expect(inline).toEqual(short);
			}),
			{ numRuns: 300 },
		);
	});

	test("has no content that images have not inline", async () => {
		const long = Buffer.alloc(INLINE_SIZE + 1);
		appendFileSync(index(), `${sha256(long)} = ${long.toString("hex")}\n`);
		expect(await find({}, [{ sha256: sha256(long), size: long.length }])).toEqual([undefined]);
	});

	test("forgets at gc what was removed", async () => {
		appendFileSync(index(), "junk\n");
		const before = readFileSync(index());
		{
			await using store = await open();
			await store.gc([], { dryRun: true });
		}
		expect(readFileSync(index())).toEqual(before);
		{
			await using store = await open();
			await store.gc([]);
			expect(await store.find([name, { sha256: sha256(short), size: 5 }])).toEqual([undefined, short]);
		}
		expect(readFileSync(index(), "latin1").trim().split("\n")).toHaveLength(1);
		expect(path.basename(index())).toBe(".sha256");
	});

	test("bug: where it cannot be replaced, gc did not say what it had removed", async () => {
		rmSync(index());
		await using store = await open();
		const { path: object } = await store.put(Buffer.from("garbage"));
		store.remember(name.sha256, stored);
		await store.flush();
		mkdirSync(`${index()}.${process.pid}`);
		expect((await store.gc([])).removed.map(({ path: removed }) => removed)).toContain(object);
	});

	test("bug: one that a killed gc had begun stayed for ever", async () => {
		writeFileSync(`${index()}.12345`, "");
		await using store = await open();
		expect((await store.gc([])).leftovers).toEqual([".sha256.12345"]);
		expect(existsSync(`${index()}.12345`)).toBe(false);
	});

	test("bug: an object that cannot be read was an error of node's own", async () => {
		const handle = await openFile(index());
		await handle.close();
		await using store = await open({ trust: "content" });
		const spy = jest.spyOn(Object.getPrototypeOf(handle), "readFile");
		spy.mockRejectedValueOnce(Object.assign(new Error("broken"), { code: "EIO" }));
		await expect(store.find([name])).rejects.toMatchObject({ name: "ComposefsError", code: "EIO" });
		spy.mockRestore();
		const reason = new Error("enough");
		const aborted = store.find([name], { signal: AbortSignal.abort(reason) });
		await expect(aborted).rejects.toBe(reason);
	});

	test("refuses what is no digest", async () => {
		await using store = await open();
		expect(() => store.remember("x", short)).toThrow(
			expect.objectContaining({ code: "ERR_COMPOSEFS_ARGUMENT" }),
		);
	});
});
