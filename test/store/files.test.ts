import { appendFileSync, lstatSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";
import { afterEach, describe, expect, test } from "@jest/globals";
import { ComposefsError } from "../../src/errors.ts";
import type { FoundFile } from "../../src/found-files.ts";
import { ObjectStore, type StoreOptions, type StoreProgress } from "../../src/store/index.ts";
import { FOLDER_OF_OWN_TIMES } from "../support/file-systems.ts";
import { referenceDigest } from "../support/reference-verity.ts";
import { useTemporaryFolder } from "../support/temporary.ts";

const at = useTemporaryFolder(FOLDER_OF_OWN_TIMES);
const opened: ObjectStore[] = [];

async function openStore(options?: StoreOptions): Promise<ObjectStore> {
	const store = await ObjectStore.open(at("store"), options);
	opened.push(store);
	return store;
}

afterEach(async () => {
	await Promise.allSettled(opened.splice(0).map((store) => store.close()));
});

function find(name: string): FoundFile {
	const { dev, ino, size, mtimeNs, ctimeNs } = lstatSync(at(name), { bigint: true });
	const packedIdentity = BigInt64Array.of(dev, ino, size, mtimeNs, ctimeNs);
	return { path: at(name), size: Number(size), packedIdentity };
}

function write(name: string, bytes: Buffer): FoundFile {
	writeFileSync(at(name), bytes);
	return find(name);
}

/** Files that changed just now are not remembered. */
const settled = () => pause(2100);

const bytesOf = (n: number) => Buffer.alloc(100 + n * 1000, n);

describe("files that are put together", () => {
	test("become objects, each once", async () => {
		const seen: StoreProgress[] = [];
		const store = await openStore({ onProgress: (progress) => seen.push(progress) });
		const files = [1, 2, 300, 2].map((n, i) => write(`file-${i}`, bytesOf(n)));
		const results = await store.putFiles(files);
		const digests = [1, 2, 300, 2].map((n) => referenceDigest(bytesOf(n)));
		expect(results).toEqual(
			digests.map((digest, i) => {
				const path = `${digest.slice(0, 2)}/${digest.slice(2)}`;
				return { digest, path, size: files[i]?.size, existed: i === 3 };
			}),
		);
		expect(readFileSync(store.path(digests[2] as string)).equals(bytesOf(300))).toBe(true);
		expect(seen.at(-1)).toMatchObject({ objects: 4, existed: 1 });
		expect(await store.putFiles([])).toEqual([]);
	});

	test("are not looked at again, if they are remembered: they are what they were when they were found", async () => {
		const files = [write("kept", bytesOf(1)), write("changed", bytesOf(2))];
		await settled();
		const store = await openStore();
		await store.putFiles(files);
		appendFileSync(at("changed"), "more");
		const [kept, changed] = await store.putFiles(files);
		expect(kept).toMatchObject({ existed: true, size: 1100 });
		expect(changed).toMatchObject({ digest: referenceDigest(bytesOf(2)), existed: true });
		const found = find("changed");
		expect(await store.putFiles([found])).toMatchObject([{ size: found.size, existed: false }]);
	});

	test("are read, and refused if they changed, where the store has no such object any more", async () => {
		const files = [write("changed", bytesOf(2))];
		await settled();
		const store = await openStore();
		await store.putFiles(files);
		appendFileSync(at("changed"), "more");
		rmSync(store.path(referenceDigest(bytesOf(2))));
		const [changed] = await store.putFiles(files);
		expect(changed).toMatchObject({ code: "ERR_COMPOSEFS_CHANGED", path: at("changed") });
	});

	test("one that is gone fails no other", async () => {
		const files = ["a", "b", "c"].map((name, n) => write(name, bytesOf(n)));
		rmSync(at("b"));
		const results = await (await openStore()).putFiles(files);
		expect(results.map((result) => (result instanceof ComposefsError ? result.code : "put"))).toEqual([
			"put",
			"ENOENT",
			"put",
		]);
	});

	test("end with their signal, and not after the store is closed", async () => {
		const store = await openStore();
		const files = [write("a", bytesOf(1))];
		const signal = AbortSignal.abort(new Error("enough"));
		await expect(store.putFiles(files, { signal })).rejects.toThrow("enough");
		await store.close();
		await expect(store.putFiles(files)).rejects.toMatchObject({ rule: "closed" });
	});

	test("are among what a flush waits for", async () => {
		const store = await openStore({ sync: "flush" });
		const put = store.putFiles([write("a", bytesOf(1))]);
		await store.flush();
		const [stored] = await put;
		expect(await store.has((stored as { digest: string }).digest)).toBe(true);
	});
});
