/** Stores for tests of it: opened in a temporary folder, closed after each test. */
import { readdirSync } from "node:fs";
import { afterEach } from "@jest/globals";
import { ObjectStore, type StoreOptions } from "../../src/store/index.ts";
import { referenceDigest } from "./reference-verity.ts";

/** @param at   names places in a temporary folder; the store is at `store` there */
export function useStore(at: (...names: string[]) => string) {
	const opened: ObjectStore[] = [];
	afterEach(async () => {
		await Promise.allSettled(opened.splice(0).map((store) => store.close()));
	});
	return {
		async openStore(options?: StoreOptions): Promise<ObjectStore> {
			const store = await ObjectStore.open(at("store"), options);
			opened.push(store);
			return store;
		},
		/** What is in the store, but for its lock: objects, and whatever should not be there. */
		contents(): string[] {
			return readdirSync(at("store"), { recursive: true, encoding: "utf8" })
				.filter((name) => name !== ".lock" && !/^[0-9a-f]{2}$/.test(name))
				.sort();
		},
	};
}

/** Where the object of a content is, in a store. */
export function objectPath(bytes: Uint8Array): string {
	const digest = referenceDigest(bytes);
	return `${digest.slice(0, 2)}/${digest.slice(2)}`;
}

export function someBytes(size: number): Buffer {
	const bytes = Buffer.alloc(size);
	for (let i = 0; i < size; i += 977) bytes[i] = i % 253;
	return bytes;
}
