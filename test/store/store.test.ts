import { chmodSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { describe, expect, test } from "@jest/globals";
import { useStore } from "../support/opened-store.ts";
import { useTemporaryFolder } from "../support/temporary.ts";

const at = useTemporaryFolder();
const { openStore } = useStore(at);

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
		const none = { name: "ComposefsError", code: "ENOENT" };
		await expect(store.open("0".repeat(64))).rejects.toMatchObject(none);
		await expect(store.verify("0".repeat(64))).rejects.toMatchObject(none);
	});

	test("bug: stat gave whole milliseconds", async () => {
		const store = await openStore();
		const { digest } = await store.put(Buffer.alloc(5000));
		utimesSync(store.path(digest), 1, 1_234_567.890625);
		expect((await store.stat(digest))?.mtimeMs).toBe(statSync(store.path(digest)).mtimeMs);
		expect((await store.stat(digest))?.mtimeMs).toBeCloseTo(1_234_567_890.625, 3);
	});

	test("an object that was changed does not verify", async () => {
		const store = await openStore({ verity: "off" });
		const { digest } = await store.put(Buffer.alloc(5000));
		expect(await store.verify(digest)).toBe(true);
		chmodSync(store.path(digest), 0o600);
		writeFileSync(store.path(digest), Buffer.alloc(5000, 1));
		expect(await store.verify(digest)).toBe(false);
	});

	test("an object is verified no longer than its signal lets", async () => {
		const store = await openStore({ verity: "off" });
		const { digest } = await store.put(Buffer.alloc(64 << 20));
		const controller = new AbortController();
		const verified = store.verify(digest, { signal: controller.signal });
		controller.abort(new Error("enough"));
		await expect(verified).rejects.toThrow("enough");
		expect(await store.verify(digest)).toBe(true);
	});

	test.each(["bogus", "toString", "size"])("bug: with trust %j, every object was sound", async (trust) => {
		const store = await openStore({ verity: "off" });
		const { digest } = await store.put(Buffer.alloc(5000));
		writeFileSync(store.path(digest), Buffer.alloc(5000, 1));
		const refused = { code: "ERR_COMPOSEFS_ARGUMENT" };
		await expect(store.verify(digest, { trust } as never)).rejects.toMatchObject(refused);
		if (trust !== "size") await expect(store.fsck([], { trust } as never)).rejects.toMatchObject(refused);
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
});
