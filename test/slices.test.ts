import { stat } from "node:fs";
import { setImmediate as nextTurn } from "node:timers/promises";
import { describe, expect, test } from "@jest/globals";
import { runInSlices, Slices } from "../src/slices.ts";
import { countTurns } from "./support/event-loop.ts";

/** Busy for about so many milliseconds, yielding often. */
function* busy(milliseconds: number): Generator<undefined, string, undefined> {
	for (const end = performance.now() + milliseconds; performance.now() < end; ) yield;
	return "done";
}

/** Busy for so many milliseconds, without giving way. */
function spin(milliseconds: number): void {
	for (const end = performance.now() + milliseconds; performance.now() < end; );
}

/** So many steps of so many milliseconds. */
function* spinning(milliseconds: number, steps: number): Generator<undefined, void, undefined> {
	for (let step = 0; step < steps; step++) {
		spin(milliseconds);
		yield;
	}
}

describe("work in slices", () => {
	test("gives what the steps return", async () => {
		await expect(runInSlices(busy(1))).resolves.toBe("done");
	});

	test("lets the event loop go on between them", async () => {
		let ended = false;
		const steps = (function* (): Generator<undefined, void, undefined> {
			// A minute, unless the event loop says that it has come round some times.
			for (const end = performance.now() + 60_000; performance.now() < end && !ended; ) yield;
		})();
		const later = async () => {
			for (let turn = 0; turn < 4; turn++) await nextTurn();
			ended = true;
		};
		await Promise.all([runInSlices(steps), later()]);
		expect(ended).toBe(true);
	});

	test("many at once get a slice a turn, all together", async () => {
		const work = () => Promise.all(Array.from({ length: 100 }, () => runInSlices(spinning(1, 5))));
		expect(await countTurns(work)).toBeGreaterThan(80);
	});

	test("let go a turn that somebody else had", async () => {
		let steps = 0;
		let isDone = false;
		const work = function* (): Generator<undefined, void, undefined> {
			for (; !isDone; steps++) yield;
		};
		const running = runInSlices(work());
		const stepsBeforeTimer = () =>
			new Promise<number>((resolve) => {
				// Called between the loop's timers and its immediates, among which is our next slice.
				stat("/", () => {
					const before = steps;
					setTimeout(() => resolve(steps - before), 1);
					spin(20);
				});
			});
		// Not each of them: where the machine was away the turn before, this one is not let go.
		let letGo = 0;
		for (let round = 0; round < 20; round++) {
			if ((await stepsBeforeTimer()) === 0) letGo++;
			await nextTurn();
		}
		expect(letGo).toBeGreaterThan(4);
		isDone = true;
		await running;
		expect(steps).toBeGreaterThan(0);
	});

	test("other works that begin meanwhile do not double its share of the turns", async () => {
		let steps = 0;
		let isDone = false;
		const work = function* (): Generator<undefined, void, undefined> {
			for (; !isDone; steps++) {
				spin(1);
				yield;
			}
		};
		const running = runInSlices(work());
		for (let round = 0; round < 10; round++) {
			await new Promise<void>((resolve) => stat("/", () => resolve()));
			spin(10);
			await nextTurn();
			new Slices();
		}
		const before = steps;
		for (let turn = 0; turn < 10; turn++) await nextTurn();
		expect(steps - before).toBeLessThanOrEqual(25); // two or three in each
		isDone = true;
		await running;
	});

	test("a program that is always busy costs it no turns", async () => {
		let isDone = false;
		let turns = 0;
		// In every turn, and not only in those that come when some thread has looked at a file.
		const others = () => {
			turns++;
			spin(8);
			if (!isDone) setImmediate(others);
		};
		others();
		await runInSlices(spinning(2, 40));
		isDone = true;
		expect(turns).toBeLessThan(60); // one for each step, and not two
	});

	test("bug: many sources that wait got one chunk a turn, all together", async () => {
		let isDone = false;
		const others = () => {
			spin(4);
			if (!isDone) setImmediate(others);
		};
		setImmediate(others);
		const source = async () => {
			const slices = new Slices();
			for (let chunk = 0; chunk < 20; chunk++) {
				await new Promise((resolve) => setTimeout(resolve, 3));
				if (slices.isOver()) await slices.next();
			}
		};
		const turns = await countTurns(() => Promise.all(Array.from({ length: 50 }, source)));
		isDone = true;
		expect(turns).toBeLessThan(200);
	});

	test("fails as the steps do", async () => {
		// biome-ignore lint/correctness/useYield: it fails first
		const failing = (function* (): Generator<undefined, void, undefined> {
			throw new RangeError("steps");
		})();
		await expect(runInSlices(failing)).rejects.toThrow(RangeError);
	});

	test("ends with the signal's reason, before the first step and between slices", async () => {
		const reason = new Error("enough");
		await expect(runInSlices(busy(1), AbortSignal.abort(reason))).rejects.toBe(reason);
		const controller = new AbortController();
		const run = runInSlices(busy(60_000), controller.signal);
		setTimeout(() => controller.abort(reason), 5);
		await expect(run).rejects.toBe(reason);
	});
});
