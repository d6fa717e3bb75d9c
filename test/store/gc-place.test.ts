import { mkdirSync, readdirSync, symlinkSync, unlinkSync } from "node:fs";
import { describe, expect, test } from "@jest/globals";
import { ObjectStore } from "../../src/store/index.ts";
import { LIB, runNode } from "../support/child.ts";
import { useTemporaryFolder } from "../support/temporary.ts";

const at = useTemporaryFolder();

describe("bug: gc removed objects of another store than the one that it had locked", () => {
	test("where the process went to another folder", () => {
		const program = `
			const { ObjectStore } = await import(${JSON.stringify(`${LIB}/store/index.js`)});
			const put = async () => {
				const store = await ObjectStore.open("objects");
				await store.put(Buffer.from("text"));
				return store;
			};
			const store = await put();
			process.chdir("other");
			await (await put()).close();
			console.log((await store.gc([])).removed.length);
			await store.close();`;
		mkdirSync(at("other"));
		const result = runNode(["--input-type=module", "-e", program], { cwd: at() });
		expect(result).toEqual({ ended: 0, stdout: "1\n", stderr: "" });
		expect(objectFolders("objects")).toEqual([]);
		expect(objectFolders("other/objects").length).toBe(1);
	});

	test("where a symlink to it leads elsewhere now", async () => {
		symlinkSync("one", at("link"));
		mkdirSync(at("one"));
		const store = await ObjectStore.open(at("link"));
		await using other = await ObjectStore.open(at("two"));
		const { digest } = await other.put(Buffer.from("text"));
		unlinkSync(at("link"));
		symlinkSync("two", at("link"));
		await expect(store.gc([])).rejects.toMatchObject({ code: "ENOENT", path: at("link") });
		expect(await other.has(digest)).toBe(true);
		await store.close();
	});

	function objectFolders(store: string): string[] {
		return readdirSync(at(store), { recursive: true, encoding: "utf8" }).filter((name) => name.includes("/"));
	}
});
