import { getEventListeners } from "node:events";
import { readFileSync } from "node:fs";
import { readdir, writeFile } from "node:fs/promises";
import { setImmediate as nextTurn, setTimeout as sleep } from "node:timers/promises";
import { describe, expect, test } from "@jest/globals";
import { Tree } from "../src/tree.ts";
import { writeImage } from "../src/write.ts";
import { manyFiles } from "./support/many-files.ts";
import { useTemporaryFolder } from "./support/temporary.ts";

const temporary = useTemporaryFolder();
const reason = new Error("enough");

describe("a signal", () => {
	test("aborted before: nothing is begun", async () => {
		const signal = AbortSignal.abort(reason);
		await expect(writeImage(new Tree(), { to: temporary("image"), signal })).rejects.toBe(reason);
		await expect(writeImage(null as never, { signal })).rejects.toBe(reason);
		expect(await readdir(temporary())).toEqual([]);
	});

	test("aborted at once: encoding ends at its next turn", async () => {
		const controller = new AbortController();
		const writing = writeImage(manyFiles(50_000), { to: temporary("image"), signal: controller.signal });
		controller.abort(reason);
		await expect(writing).rejects.toBe(reason);
		expect(await readdir(temporary())).toEqual([]);
	});

	test("aborted afterwards: nothing happens", async () => {
		const controller = new AbortController();
		await writeImage(new Tree(), { to: temporary("image"), signal: controller.signal });
		controller.abort(reason);
		await nextTurn();
		expect(await readdir(temporary())).toEqual(["image"]);
	});

	test("aborted without a reason: an AbortError, as everywhere in node", async () => {
		await expect(writeImage(new Tree(), { signal: AbortSignal.abort() })).rejects.toMatchObject({
			name: "AbortError",
		});
	});

	test("bug: of null, as fetch takes it, left a failure to nobody", async () => {
		const none = { signal: null as unknown as undefined };
		await expect(writeImage(new Tree(), { ...none, to: temporary("none/image") })).rejects.toMatchObject({
			code: "ENOENT",
		});
		expect((await writeImage(new Tree(), none)).version).toBe(0);
	});

	test("that times out", async () => {
		const writing = writeImage(manyFiles(100_000), { digestOnly: true, signal: AbortSignal.timeout(5) });
		await expect(writing).rejects.toMatchObject({ name: "TimeoutError" });
	});

	test("aborted at any time: the old file or the new one, and nothing beside", async () => {
		const tree = manyFiles(20_000);
		const image = Buffer.from((await writeImage(tree)).image);
		for (let delay = 0; delay < 120; delay += 8) {
			await writeFile(temporary("image"), "old");
			const controller = new AbortController();
			const writing = writeImage(tree, { to: temporary("image"), signal: controller.signal });
			const result = writing.then(
				() => "written",
				(error) => error,
			);
			await sleep(delay);
			controller.abort(reason);
			const written = (await result) === "written";
			if (!written) expect(await result).toBe(reason);
			expect(readFileSync(temporary("image")).equals(written ? image : Buffer.from("old"))).toBe(true);
			expect(await readdir(temporary())).toEqual(["image"]);
		}
	});

	test("and the process keep no listeners", async () => {
		const controller = new AbortController();
		const before = process.listenerCount("exit");
		const { signal } = controller;
		const settled = Promise.allSettled([
			writeImage(new Tree(), { signal }),
			writeImage(new Tree(null as never), { signal }),
			writeImage(manyFiles(10_000), { signal }),
		]);
		await settled;
		expect(getEventListeners(signal, "abort")).toEqual([]);
		expect(process.listenerCount("exit")).toBe(before);
	});

	test("of one write does not end another", async () => {
		const controller = new AbortController();
		const tree = manyFiles(5000);
		const other = writeImage(tree, { digestOnly: true });
		const aborted = writeImage(tree, { digestOnly: true, signal: controller.signal });
		controller.abort(reason);
		await expect(aborted).rejects.toBe(reason);
		await expect(other).resolves.toMatchObject({ version: 0 });
	});
});
