import { mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { beforeEach, describe, expect, test } from "@jest/globals";
import { type FsckOptions, ObjectStore, type StoredObject } from "../../src/store/index.ts";
import { Tree } from "../../src/tree.ts";
import { writeImage } from "../../src/write.ts";
import { LIB, runNode } from "../support/child.ts";
import { useTemporaryFolder } from "../support/temporary.ts";

const at = useTemporaryFolder();
let objects: StoredObject[];

beforeEach(async () => {
	const store = await ObjectStore.open(at("store"), { sync: "never", verity: "off" });
	objects = await Promise.all([1, 2, 3, 4].map((n) => store.put(Buffer.alloc(5000 * n, n))));
	await store.close();
	for (const name of ["a", "b"]) {
		const tree = new Tree();
		const [first, second, third] = objects as [StoredObject, StoredObject, StoredObject, StoredObject];
		tree.writeFile("/first", first);
		tree.writeFile("/second", name === "a" ? second : third);
		await writeImage(tree, { to: at(name) });
	}
});

async function fsck(images: string[] = [], options?: FsckOptions) {
	const store = await ObjectStore.open(at("store"), { create: false });
	try {
		return await store.fsck(images, options);
	} finally {
		await store.close();
	}
}

const place = (n: number) => at("store", objects[n]?.path ?? "");

describe("fsck", () => {
	test("of a sound store finds nothing", async () => {
		expect(await fsck([at("a"), at("b")])).toEqual({ objects: 4, bytes: 50_000, bad: [], leftovers: [] });
	});

	test("finds wrong bytes, and the images that they break", async () => {
		writeFileSync(place(0), Buffer.alloc(5000, 9));
		writeFileSync(place(3), "");
		const { bad } = await fsck([at("a"), at("b")]);
		const expected = [
			{ path: objects[0]?.path, problem: "content", images: [at("a"), at("b")], message: expect.any(String) },
			{ path: objects[3]?.path, problem: "content", images: [], message: expect.any(String) },
		];
		expect(bad.length).toBe(2);
		expect(bad).toEqual(expect.arrayContaining(expected));
	});

	test("bug: an object that was cut short was one of other bytes", async () => {
		writeFileSync(place(1), "abc");
		const { bad } = await fsck([at("a"), at("b")]);
		expect(bad).toMatchObject([{ problem: "size", message: expect.stringContaining("3 bytes") }]);
	});

	test("with trust: size, finds only what has another size than an image says", async () => {
		writeFileSync(place(0), Buffer.alloc(5000, 9));
		writeFileSync(place(1), "");
		const { bad } = await fsck([at("a"), at("b")], { trust: "size" });
		expect(bad).toMatchObject([{ path: objects[1]?.path, problem: "size", images: [at("a")] }]);
	});

	test("finds what is missing", async () => {
		rmSync(place(2));
		expect((await fsck()).bad).toEqual([]);
		const { bad } = await fsck([at("a"), at("b")]);
		expect(bad).toMatchObject([{ path: objects[2]?.path, problem: "missing", images: [at("b")] }]);
	});

	test("finds what is no object", async () => {
		rmSync(place(2));
		symlinkSync(place(0), place(2));
		rmSync(place(3));
		mkdirSync(place(3));
		const { bad } = await fsck([at("b")]);
		expect(bad.map(({ problem, images }) => [problem, images.length]).sort()).toEqual([
			["refused", 0],
			["refused", 1],
		]);
	});

	test("finds an object whose name is not the digest that an image has", async () => {
		const tree = new Tree();
		tree.writeFile("/file", { ...(objects[0] as StoredObject), digest: "5".repeat(64) });
		await writeImage(tree, { to: at("c") });
		expect((await fsck([at("c")])).bad).toMatchObject([{ problem: "name", images: [at("c")] }]);
	});

	test("bug: any folder was a sound store", async () => {
		const store = await ObjectStore.open(at("plain"));
		expect(await store.fsck()).toMatchObject({ objects: 0 });
		writeFileSync(at("plain", "file"), "");
		for (const work of [() => store.fsck(), () => store.gc([])])
			await expect(work()).rejects.toMatchObject({
				code: "ERR_COMPOSEFS_STORE",
				rule: "no-store",
				path: at("plain"),
			});
		await store.close();
	});

	test.each([
		["a fresh file system", ["lost+found"]],
		["what was one, and has no objects any more", [".lock", "README"]],
	])("takes %s for a store", async (_what, names) => {
		await using store = await ObjectStore.open(at("plain"));
		for (const name of names)
			if (name === "lost+found") mkdirSync(at("plain", name));
			else writeFileSync(at("plain", name), "");
		expect(await store.fsck()).toMatchObject({ objects: 0, bad: [] });
	});

	test("tells of an image once, however it names an object", async () => {
		const tree = new Tree();
		const first = objects[0] as StoredObject;
		for (const front of ["", "./", "/"])
			tree.writeFile(`/${front.length}`, { ...first, path: front + first.path });
		await writeImage(tree, { to: at("c") });
		rmSync(place(0));
		expect((await fsck([at("c")])).bad).toMatchObject([{ problem: "missing", images: [at("c")] }]);
	});

	test("leftovers are told, and do no harm", async () => {
		mkdirSync(at("store/.tmp-0123456789abcdef"));
		expect(await fsck()).toMatchObject({ bad: [], leftovers: [".tmp-0123456789abcdef"] });
	});

	test.each([{ trust: "size" }, "", Buffer.alloc(0), new Tree()])(
		"bug: %j in place of images was an error of the engine, or none",
		async (images) => {
			const refused = { code: "ERR_COMPOSEFS_ARGUMENT", message: expect.stringContaining("images come in") };
			await expect(fsck(images as never)).rejects.toMatchObject(refused);
			const store = await ObjectStore.open(at("store"));
			await expect(store.gc(images as never)).rejects.toMatchObject(refused);
			await store.close();
			expect((await fsck()).objects).toBe(4);
		},
	);

	test("bug: of more objects in one folder than a call can have arguments", () => {
		mkdirSync(at("store", "ab"));
		for (let n = 0; n < 40_000; n++) writeFileSync(at("store", "ab", n.toString(16).padStart(62, "0")), "");
		const program = `
			const { ObjectStore } = await import(${JSON.stringify(`${LIB}/store/index.js`)});
			const store = await ObjectStore.open(${JSON.stringify(at("store"))}, { create: false });
			console.log((await store.fsck([], { trust: "size" })).objects);
			await store.close();`;
		// With a small stack, so that so many are enough.
		const child = runNode(["--stack-size=200", "--input-type=module", "-e", program]);
		expect(child).toMatchObject({ ended: 0, stdout: "40004\n", stderr: "" });
	});

	test("an aborted signal's reason comes out", async () => {
		const reason = new Error("enough");
		await expect(fsck([], { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
	});
});
