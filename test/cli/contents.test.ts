import { existsSync, readdirSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { openContents } from "../../src/cli/contents.ts";
import { Held } from "../../src/cli/held.ts";
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
		const held = new Held();
		const store = await openContents(folder, held.hold);
		const found = await Promise.all([store.put(whole, { size: 8002 }), store.put(pieces(), { size: 8002 })]);
		await held[Symbol.asyncDispose]();
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
		const held = new Held();
		const store = await openContents(undefined, held.hold);
		const source = pieces();
		await source.next();
		controller.abort(reason);
		await expect(store.put(source, { size: 8002, signal: controller.signal })).rejects.toBe(reason);
		await held[Symbol.asyncDispose]();
		expect(readdirSync(at())).toEqual([]);
	});
});
