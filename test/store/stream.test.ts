import { readFileSync } from "node:fs";
import { afterEach, expect, test } from "@jest/globals";
import { awaitJob, type NativeStore } from "../../src/native.ts";
import { toNativeOptions } from "../../src/store/options.ts";
import { putStream } from "../../src/store/stream.ts";
import { referenceDigest } from "../support/reference-verity.ts";
import { useTemporaryFolder } from "../support/temporary.ts";

const at = useTemporaryFolder();
const opened: NativeStore[] = [];

afterEach(async () => {
	for (const store of opened.splice(0)) await awaitJob(() => store.close());
});

/** A store that tells how many pieces each call has. */
async function openCounting(counts: number[]): Promise<NativeStore> {
	const options = toNativeOptions(at("store"), { sync: "never", verity: "off" });
	const store = await awaitJob((addon) => addon.openStore(options));
	opened.push(store);
	await awaitJob(() => store.begin());
	const stream = () => {
		const { write, finish, discard } = store.stream();
		return {
			write: (pieces: readonly never[]) => {
				counts.push(pieces.length);
				return write(pieces);
			},
			finish,
			discard,
		};
	};
	return new Proxy(store, { get: (it, key) => (key === "stream" ? stream : Reflect.get(it, key)) });
}

const UNLIMITED = { signal: undefined, size: undefined };

test("bug: holes were gathered without bound", async () => {
	const counts: number[] = [];
	const store = await openCounting(counts);
	const holes = function* () {
		for (let n = 0; n < 100_000; n++) yield { hole: 1 };
	};
	const put = await putStream(store, holes(), UNLIMITED);
	expect(put).toMatchObject({ stored: { size: 100_000 } });
	expect(counts).toEqual([1]);
});

test("pieces of a byte go in calls of some thousands", async () => {
	const counts: number[] = [];
	const store = await openCounting(counts);
	const bytes = Buffer.alloc(40_000);
	const pieces = function* () {
		for (let n = 0; n < bytes.length; n++) {
			bytes[n] = n % 2 === 0 ? n % 251 : 0;
			yield n % 2 === 0 ? bytes.subarray(n, n + 1) : { hole: 1 };
		}
	};
	const put = await putStream(store, pieces(), UNLIMITED);
	const digest = referenceDigest(bytes);
	expect(put).toMatchObject({ stored: { size: bytes.length } });
	await awaitJob(() => store.flush());
	const object = at("store", digest.slice(0, 2), digest.slice(2));
	expect(readFileSync(object).equals(bytes)).toBe(true);
	expect(Math.max(...counts)).toBeLessThanOrEqual(4096);
	expect(counts.length).toBeGreaterThan(5);
});
