import { setTimeout as delay } from "node:timers/promises";
import { describe, expect, test } from "@jest/globals";
import { forEachParallel, Slots } from "../src/parallel.ts";

describe("work in parallel", () => {
	test("is done for each item, so many at a time", async () => {
		const done: number[] = [];
		let running = 0;
		let most = 0;
		await forEachParallel([1, 2, 3, 4, 5, 6, 7], 3, async (item) => {
			most = Math.max(most, ++running);
			await delay(item % 3);
			running--;
			done.push(item);
		});
		expect(most).toBe(3);
		expect(done.sort()).toEqual([1, 2, 3, 4, 5, 6, 7]);
	});

	test("ends with the first failure, after what has begun", async () => {
		const events: string[] = [];
		const run = forEachParallel(["slow", "bad", "late"], 2, async (item, signal) => {
			events.push(`begin ${item}`);
			if (item === "bad") throw new Error("bad");
			await delay(20);
			events.push(`end ${item}, aborted: ${signal.aborted}`);
		});
		await expect(run).rejects.toThrow("bad");
		expect(events).toEqual(["begin slow", "begin bad", "end slow, aborted: true"]);
	});

	test("bug: an item was begun when another had failed while the next one came", async () => {
		const begun: number[] = [];
		const items = (async function* () {
			yield 1;
			await delay(5);
			yield 2;
		})();
		const work = async (item: number) => {
			begun.push(item);
			throw new Error("bad");
		};
		await expect(forEachParallel(items, 4, work)).rejects.toThrow("bad");
		expect(begun).toEqual([1]);
	});

	test("ends with what the items fail with", async () => {
		let finished = false;
		const items = (async function* () {
			yield 1;
			throw new RangeError("items");
		})();
		const work = async () => {
			await delay(5);
			finished = true;
		};
		await expect(forEachParallel(items, 2, work)).rejects.toThrow(RangeError);
		expect(finished).toBe(true);
	});

	test("ends with the signal's reason", async () => {
		const reason = new Error("enough");
		const controller = new AbortController();
		let begun = 0;
		const run = forEachParallel(
			Array.from({ length: 100 }, (_, index) => index),
			2,
			async () => {
				if (++begun === 4) controller.abort(reason);
				await delay(1);
			},
			controller.signal,
		);
		await expect(run).rejects.toBe(reason);
		expect(begun).toBeLessThan(8);
		await expect(forEachParallel([1], 1, async () => undefined, controller.signal)).rejects.toBe(reason);
	});
});

describe("slots", () => {
	test("are given to so many at a time, in order, also after one that failed", async () => {
		const slots = new Slots(2);
		const order: number[] = [];
		let running = 0;
		let most = 0;
		const runs = [1, 2, 3, 4, 5].map((number) =>
			slots.run(async () => {
				order.push(number);
				most = Math.max(most, ++running);
				await delay(1);
				running--;
				if (number === 2) throw new Error("two");
				return number;
			}),
		);
		const settled = await Promise.allSettled(runs);
		expect(settled.map(({ status }) => status)).toEqual([
			"fulfilled",
			"rejected",
			"fulfilled",
			"fulfilled",
			"fulfilled",
		]);
		expect(order).toEqual([1, 2, 3, 4, 5]);
		expect(most).toBe(2);
	});

	test("bug: who came at the right moment was served before those that waited", async () => {
		const slots = new Slots(1);
		const order: string[] = [];
		const use = (name: string) => slots.run(async () => void order.push(name));
		const first = use("first").then(() => use("newcomer"));
		await Promise.all([first, use("second"), use("third")]);
		expect(order).toEqual(["first", "second", "third", "newcomer"]);
	});
});
