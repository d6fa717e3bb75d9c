import { mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { describe, expect, test } from "@jest/globals";
import type { ObjectStore } from "../../src/store/index.ts";
import { objectPath, useStore } from "../support/opened-store.ts";
import { useTemporaryFolder } from "../support/temporary.ts";

const at = useTemporaryFolder();
const { openStore } = useStore(at);

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
