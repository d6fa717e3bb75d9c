import { setImmediate } from "node:timers/promises";
import { describe, expect, test } from "@jest/globals";
import { BatchQueue, type Request } from "../src/batch-queue.ts";
import { ComposefsError } from "../src/errors.ts";

interface Item extends Request {
	readonly value: number;
}

const item = (value: number, size = 0, signal?: AbortSignal): Item => ({ value, size, signal });

describe("requests", () => {
	test("that are made at once are shared among as many jobs as may run", async () => {
		const jobs: number[][] = [];
		const queue = new BatchQueue<Item, number>(2, async (items) => {
			jobs.push(items.map(({ value }) => value));
			return items.map(({ value }) => value * 10);
		});
		const results = await Promise.all([1, 2, 3, 4, 5].map((value) => queue.add(item(value))));
		expect(results).toEqual([10, 20, 30, 40, 50]);
		expect(jobs).toEqual([
			[1, 2, 3],
			[4, 5],
		]);
	});

	test("have errors of their own; one that a job fails with is that of all", async () => {
		const bad = new ComposefsError("ENOENT", "gone");
		const queue = new BatchQueue<Item, number>(1, async (items) => {
			if (items.some(({ value }) => value < 0)) throw new RangeError("all");
			return items.map(({ value }) => (value === 2 ? bad : value));
		});
		expect(await Promise.allSettled([1, 2, 3].map((value) => queue.add(item(value))))).toEqual([
			{ status: "fulfilled", value: 1 },
			{ status: "rejected", reason: bad },
			{ status: "fulfilled", value: 3 },
		]);
		const [first, second] = await Promise.allSettled([queue.add(item(1)), queue.add(item(-1))]);
		expect([first?.status, second?.status]).toEqual(["rejected", "rejected"]);
		expect(await queue.add(item(4))).toBe(4);
	});

	test("bug: those that waited for others' jobs outlasted their signal", async () => {
		let end = () => {};
		const busy = new Promise<void>((resolve) => {
			end = resolve;
		});
		const queue = new BatchQueue<Item, number>(1, async (items) => {
			if (items[0]?.value === 1) await busy;
			return items.map(({ value }) => value);
		});
		const first = queue.add(item(1));
		await setImmediate();
		const controller = new AbortController();
		const { signal } = controller;
		const stopped = [
			...[2, 3].map((value) => queue.add(item(value, 0, signal))),
			queue.run(async () => 4, signal),
			queue.add(item(5, 0, AbortSignal.abort(new Error("enough")))),
		];
		const others = [queue.run(async () => 6), queue.add(item(7))];
		await setImmediate();
		controller.abort(new Error("enough"));
		for (const each of stopped) await expect(each).rejects.toThrow("enough");
		end();
		expect(await Promise.all([first, ...others])).toEqual([1, 6, 7]);
	});

	test("of two signals never share a job, and large ones travel alone", async () => {
		const jobs: number[] = [];
		const queue = new BatchQueue<Item, number>(1, async (items) => {
			jobs.push(items.length);
			return items.map(({ value }) => value);
		});
		const { signal } = new AbortController();
		const sizes = [0, 0, 2 ** 23, 2 ** 23, 0];
		await Promise.all([...sizes.map((size) => queue.add(item(1, size))), queue.add(item(1, 0, signal))]);
		expect(jobs).toEqual([2, 1, 1, 1, 1]);
	});
});
