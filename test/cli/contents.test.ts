import { existsSync, readdirSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { withContents } from "../../src/cli/contents.ts";
import type { ContentChunk } from "../../src/content.ts";
import { computeDigest } from "../../src/digest.ts";
import { useTemporaryFolder } from "../support/temporary.ts";

const at = useTemporaryFolder();
const { TMPDIR } = process.env;
beforeEach(() => {
	process.env.TMPDIR = at();
});
afterEach(() => {
	if (TMPDIR === undefined) delete process.env.TMPDIR;
	else process.env.TMPDIR = TMPDIR;
});

async function* pieces(): AsyncGenerator<ContentChunk> {
	yield Buffer.from("a");
	yield { hole: 5000 };
	yield Buffer.from("b");
	yield { hole: 3000 };
}
const whole = Buffer.concat([Buffer.from("a"), Buffer.alloc(5000), Buffer.from("b"), Buffer.alloc(3000)]);

describe("contents", () => {
	test.each([
		["a store", "store"],
		["nowhere", undefined],
	])("get their digests on their way to %s", async (_title, name) => {
		const folder = name && at(name);
		const digest = await computeDigest(whole);
		const found = await withContents(folder, (store) =>
			Promise.all([store.put(whole, { size: 8002 }), store.put(pieces(), { size: 8002 })]),
		);
		for (const one of found)
			expect(one).toMatchObject({ digest, path: `${digest.slice(0, 2)}/${digest.slice(2)}` });
		expect(folder !== undefined && existsSync(at("store", digest.slice(0, 2), digest.slice(2)))).toBe(
			folder !== undefined,
		);
		expect(readdirSync(at())).toEqual(folder === undefined ? [] : ["store"]);
	});

	test("that go nowhere leave nothing where it fails or is ended", async () => {
		const controller = new AbortController();
		const reason = new Error("enough");
		const ended = withContents(undefined, async (store) => {
			const source = pieces();
			await source.next();
			controller.abort(reason);
			return store.put(source, { size: 8002, signal: controller.signal });
		});
		await expect(ended).rejects.toBe(reason);
		await expect(withContents(undefined, () => Promise.reject(reason))).rejects.toBe(reason);
		expect(readdirSync(at())).toEqual([]);
	});
});
