import { existsSync, mkdirSync, readdirSync, utimesSync, writeFileSync } from "node:fs";
import { beforeEach, describe, expect, test } from "@jest/globals";
import { missingObjects } from "../../src/image/index.ts";
import { ObjectStore, type StoredObject } from "../../src/store/index.ts";
import { Tree } from "../../src/tree.ts";
import { writeImage } from "../../src/write.ts";
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
			setTimeout(() => controller.abort(), 30);
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

	test("what writers left behind goes; what is not of a store stays", async () => {
		mkdirSync(at("store/.tmp-0123456789abcdef"));
		writeFileSync(at("store/.tmp-0123456789abcdef/0"), "unfinished");
		writeFileSync(at("store/.tmpOLD123"), "of mkcomposefs");
		writeFileSync(at("store/.tmpNEW123"), "of mkcomposefs");
		utimesSync(at("store/.tmpOLD123"), 1, 1);
		for (const name of ["README", ".tmp-other", "zz"]) writeFileSync(at("store", name), "");
		const { leftovers } = await withStore((store) => store.gc([at("image")]));
		expect([...leftovers].sort()).toEqual([".tmp-0123456789abcdef", ".tmpOLD123"]);
		const left = readdirSync(at("store")).filter((name) => !/^[0-9a-f]{2}$/.test(name));
		expect(left.sort()).toEqual([".lock", ".tmp-other", ".tmpNEW123", "README", "zz"]);
	});

	test("an aborted signal's reason comes out", async () => {
		const reason = new Error("enough");
		const gc = withStore((store) => store.gc([at("image")], { signal: AbortSignal.abort(reason) }));
		await expect(gc).rejects.toBe(reason);
		expect(exists(garbage)).toBe(true);
	});
});
