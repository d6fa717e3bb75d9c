import { existsSync, mkdirSync, readdirSync, rmSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { setImmediate, setTimeout } from "node:timers/promises";
import { beforeEach, describe, expect, test } from "@jest/globals";
import { missingObjects } from "../../src/image/index.ts";
import { ObjectStore, type StoredObject } from "../../src/store/index.ts";
import { Tree } from "../../src/tree.ts";
import { writeImage } from "../../src/write.ts";
import { expectGivenUp, stuckAfter } from "../support/stuck.ts";
import { useTemporaryFolder } from "../support/temporary.ts";

const at = useTemporaryFolder();
let needed: StoredObject;
let garbage: StoredObject;

beforeEach(async () => {
	const store = await ObjectStore.open(at("store"), { sync: "never" });
	needed = await store.put(Buffer.alloc(1000, "needed"));
	garbage = await store.put(Buffer.alloc(3000, "garbage"));
	await store.close();
	const tree = new Tree();
	tree.writeFile("/file", needed);
	await writeImage(tree, { to: at("image") });
});

async function withStore<T>(work: (store: ObjectStore) => Promise<T>): Promise<T> {
	const store = await ObjectStore.open(at("store"));
	try {
		return await work(store);
	} finally {
		await store.close();
	}
}

const exists = ({ path }: StoredObject) => existsSync(at("store", path));

describe("gc", () => {
	test("removes what no image needs", async () => {
		const result = await withStore((store) => store.gc([at("image")]));
		expect(result).toEqual({
			removed: [{ path: garbage.path, size: 3000 }],
			freed: expect.any(Number),
			kept: 1,
			leftovers: [],
		});
		expect(result.freed).toBeGreaterThanOrEqual(3000);
		expect([exists(needed), exists(garbage)]).toEqual([true, false]);
	});

	test.each(["./", "/", "//./"])(
		"bug: removed an object that an image names with %j in front or in its path",
		async (extra) => {
			const tree = new Tree();
			tree.writeFile("/front", { ...needed, path: extra + needed.path });
			tree.writeFile("/within", { ...garbage, path: garbage.path.replace("/", `/${extra}`) });
			await writeImage(tree, { to: at("odd") });
			for (const image of [tree, at("odd")])
				await withStore(async (store) => {
					expect(await store.missing(image)).toEqual([]);
					expect(await missingObjects(image, [at("store")])).toEqual([]);
					expect((await store.fsck([image])).bad).toEqual([]);
					expect(await store.gc([image])).toMatchObject({ removed: [], kept: 2 });
				});
			expect([exists(needed), exists(garbage)]).toEqual([true, true]);
		},
	);

	test("with dryRun removes nothing, and says the same", async () => {
		const said = await withStore((store) => store.gc([at("image")], { dryRun: true }));
		expect(exists(garbage)).toBe(true);
		expect(await withStore((store) => store.gc([at("image")]))).toEqual(said);
	});

	test("who would put something meanwhile waits, or is stopped", async () => {
		const writer = await ObjectStore.open(at("store"));
		let put: Promise<unknown> = Promise.resolve();
		let stopped: Promise<unknown> = Promise.resolve();
		async function* images() {
			const controller = new AbortController();
			put = writer.put(Buffer.from("late"));
			stopped = expect(writer.put(Buffer.from("late"), controller)).rejects.toThrow("abort");
			setTimeout(30).then(() => controller.abort());
			await stopped;
			yield at("image");
		}
		expect((await withStore((store) => store.gc(images()))).removed.length).toBe(1);
		expect(await put).toMatchObject({ size: 4, existed: false });
		await writer.close();
	});

	test("an image that cannot be read ends it before anything is removed", async () => {
		writeFileSync(at("bad"), Buffer.alloc(4096));
		await expect(withStore((store) => store.gc([at("image"), at("bad")]))).rejects.toMatchObject({
			code: "ERR_COMPOSEFS_IMAGE",
		});
		expect(exists(garbage)).toBe(true);
	});

	test("is refused while others write, and can be had afterwards", async () => {
		const writer = await ObjectStore.open(at("store"));
		await writer.put(Buffer.from("text"));
		const busy = { code: "ERR_COMPOSEFS_STORE", rule: "busy", path: at("store") };
		await withStore((store) => expect(store.gc([])).rejects.toMatchObject(busy));
		await writer.close();
		expect((await withStore((store) => store.gc([]))).removed.length).toBe(3);
	});

	test("who put something may collect, and put again", async () => {
		await withStore(async (store) => {
			await store.put(Buffer.from("text"));
			expect(await store.gc([at("image")])).toMatchObject({ removed: { length: 2 }, leftovers: [] });
			expect((await store.put(Buffer.from("more"))).existed).toBe(false);
			await withStore(async (other) => {
				await other.put(Buffer.from("text"));
				await expect(store.gc([])).rejects.toMatchObject({ rule: "busy" });
			});
			expect((await store.put(Buffer.from("text"))).existed).toBe(true);
		});
	});

	test("bug: an object that was put while the same store collects was removed", async () => {
		await withStore(async (store) => {
			await store.put(Buffer.from("so that it has begun to write"));
			writeFileSync(at("file"), Buffer.alloc(5000, "of a file"));
			const { digest } = garbage;
			let puts: Promise<StoredObject[]> | undefined;
			async function* images() {
				puts = Promise.all([
					store.put(Buffer.alloc(3000, "garbage")),
					store.put({ file: at("file") }),
					store.put([Buffer.alloc(600_000, "pieces"), { hole: 5000 }]),
				]);
				await setTimeout(100);
				yield at("image");
			}
			expect((await store.gc(images())).removed).toHaveLength(2);
			const stored = await puts;
			expect(stored?.map(({ existed }) => existed)).toEqual([false, false, false]);
			expect(stored?.[0]?.digest).toBe(digest);
			expect(stored?.map(exists)).toEqual([true, true, true]);
		});
	});

	test.each(["put", "flush", "never"] as const)(
		"bug: began while the same store puts; sync: %s",
		async (sync) => {
			const store = await ObjectStore.open(at("store"), { sync });
			const slow = store.put(pieces());
			async function* pieces() {
				yield Buffer.alloc(600_000, "pieces");
				await setTimeout(50);
				// One put may need another: neither waits for gc.
				yield Buffer.from((await store.put(Buffer.from("another"))).digest);
			}
			const { removed } = await store.gc([at("image")]);
			const { path } = await slow;
			expect(removed.map((object) => object.path)).toEqual(expect.arrayContaining([path, garbage.path]));
			expect(removed).toHaveLength(3);
			await store.close();
			expect(exists(needed)).toBe(true);
		},
	);

	test("bug: of two at once in a store, the second let others in before it was done", async () => {
		await withStore(async (store) => {
			const both = await Promise.allSettled([store.gc([at("image")]), store.gc([])]);
			expect(both).toMatchObject([{ status: "fulfilled" }, { reason: { rule: "busy" } }]);
			expect(exists(needed)).toBe(true);
		});
	});

	test("bug: close let others in before it was done", async () => {
		const store = await ObjectStore.open(at("store"));
		const other = await ObjectStore.open(at("store"));
		let closing: Promise<void> = Promise.resolve();
		async function* images() {
			closing = store.close();
			await setTimeout(50);
			await expect(other.gc([])).rejects.toMatchObject({ rule: "busy" });
			yield at("image");
		}
		expect((await store.gc(images())).kept).toBe(1);
		await closing;
		expect((await other.gc([at("image")])).kept).toBe(1);
		await other.close();
	});

	test("what writers left behind goes; what is not of a store stays", async () => {
		mkdirSync(at("store/.tmp-0123456789abcdef"));
		writeFileSync(at("store/.tmp-0123456789abcdef/0"), "unfinished");
		writeFileSync(at("store/.tmpOLD123"), "of mkcomposefs");
		writeFileSync(at("store/.tmpNEW123"), "of mkcomposefs");
		utimesSync(at("store/.tmpOLD123"), 1, 1);
		for (const name of ["README", ".tmp-other", "zz"]) writeFileSync(at("store", name), "");
		const [folder = ""] = needed.path.split("/");
		writeFileSync(at("store", folder, "README"), "");
		const { leftovers } = await withStore((store) => store.gc([at("image")]));
		expect([...leftovers].sort()).toEqual([".tmp-0123456789abcdef", ".tmpOLD123"]);
		expect(existsSync(at("store", folder, "README"))).toBe(true);
		const left = readdirSync(at("store")).filter((name) => !/^[0-9a-f]{2}$/.test(name));
		expect(left.sort()).toEqual([".lock", ".tmp-other", ".tmpNEW123", "README", "zz"]);
	});

	test("does not follow a folder of objects to elsewhere", async () => {
		const name = "0".repeat(62);
		mkdirSync(at("elsewhere"));
		writeFileSync(at("elsewhere", name), "of somebody else");
		const folder = ["aa", "bb", "cc"].find((hex) => !existsSync(at("store", hex))) as string;
		symlinkSync("../elsewhere", at("store", folder));
		const { removed } = await withStore((store) => store.gc([at("image")]));
		expect(removed).toEqual([{ path: garbage.path, size: 3000 }]);
		expect(existsSync(at("elsewhere", name))).toBe(true);
	});

	test("bug: failed where mkcomposefs renamed its files meanwhile, as fsck did", async () => {
		const names = Array.from({ length: 1000 }, (_, i) => `.tmp${String(i).padStart(6, "0")}`);
		for (const name of names) writeFileSync(at("store", name), "of mkcomposefs");
		const working = withStore((store) => store.fsck()).then(({ leftovers }) => leftovers.length);
		// Whenever this thread has nothing else to do: some are listed, and gone when they are looked at.
		for (const name of names) {
			rmSync(at("store", name));
			await setImmediate();
		}
		expect(await working).toBeLessThanOrEqual(names.length);
	});

	test("bug: images that are waited for were not given up when the signal aborted", async () => {
		await withStore((store) =>
			expectGivenUp([at("image")], (images, signal) => store.gc(images, { signal })),
		);
		expect([exists(needed), exists(garbage)]).toEqual([true, true]);
	});

	test("bug: behind a put that waits for ever, gc and flush outlasted their signal", async () => {
		const store = await ObjectStore.open(at("store"));
		const controller = new AbortController();
		const put = store.put(
			stuckAfter([], () => undefined),
			{ signal: controller.signal },
		);
		for (const work of [
			(signal: AbortSignal) => store.gc([at("image")], { signal }),
			(signal: AbortSignal) => store.flush({ signal }),
		])
			await expect(work(AbortSignal.timeout(20))).rejects.toMatchObject({ name: "TimeoutError" });
		controller.abort(new Error("enough"));
		await expect(put).rejects.toThrow("enough");
		await store.close();
	});

	test("an aborted signal's reason comes out", async () => {
		const reason = new Error("enough");
		const gc = withStore((store) => store.gc([at("image")], { signal: AbortSignal.abort(reason) }));
		await expect(gc).rejects.toBe(reason);
		expect(exists(garbage)).toBe(true);
	});
});
