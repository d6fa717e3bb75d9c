import { stat } from "node:fs";
import { setImmediate as nextTurn } from "node:timers/promises";
import { describe, expect, test } from "@jest/globals";
import { runInSlices, Slices } from "../src/slices.ts";

/** Busy for about so many milliseconds, yielding often. */
function* busy(milliseconds: number): Generator<undefined, string, undefined> {
	for (const end = performance.now() + milliseconds; performance.now() < end; ) yield;
	return "done";
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
		let turns = 0;
		let isDone = false;
		const count = () => {
			turns++;
			if (!isDone) setImmediate(count);
		};
		setImmediate(count);
		const spin = function* () {
			for (let step = 0; step < 5; step++) {
				for (const end = performance.now() + 1; performance.now() < end; );
				yield;
			}
		};
		await Promise.all(Array.from({ length: 100 }, () => runInSlices(spin())));
		isDone = true;
		expect(turns).toBeGreaterThan(80);
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
					for (const end = performance.now() + 20; performance.now() < end; );
				});
			});
		for (let round = 0; round < 5; round++) {
			expect(await stepsBeforeTimer()).toBe(0);
			await nextTurn();
		}
		isDone = true;
		await running;
		expect(steps).toBeGreaterThan(0);
	});

	test("other works that begin meanwhile do not double its share of the turns", async () => {
		const spins = { steps: 0, isDone: false };
		const work = function* (): Generator<undefined, void, undefined> {
			for (; !spins.isDone; spins.steps++) {
				for (const end = performance.now() + 1; performance.now() < end; );
				yield;
			}
		};
		const running = runInSlices(work());
		for (let round = 0; round < 10; round++) {
			await new Promise<void>((resolve) => stat("/", () => resolve()));
			for (const end = performance.now() + 10; performance.now() < end; );
			await nextTurn();
			new Slices();
		}
		const before = spins.steps;
		for (let turn = 0; turn < 10; turn++) await nextTurn();
		expect(spins.steps - before).toBeLessThanOrEqual(25); // two or three in each
		spins.isDone = true;
		await running;
	});

	test("a program that is always busy costs it no turns", async () => {
		let isDone = false;
		let turns = 0;
		const others = () => {
			turns++;
			for (const end = performance.now() + 8; performance.now() < end; );
			if (!isDone) stat("/", others);
		};
		others();
		let steps = 0;
		const work = function* (): Generator<undefined, void, undefined> {
			for (; steps < 40; steps++) {
				for (const end = performance.now() + 2; performance.now() < end; );
				yield;
			}
		};
		await runInSlices(work());
		isDone = true;
		expect(turns).toBeLessThan(60); // one for each step, and not two
	});

	test("bug: many sources that wait got one chunk a turn, all together", async () => {
		let isDone = false;
		let turns = 0;
		const others = () => {
			turns++;
			for (const end = performance.now() + 4; performance.now() < end; );
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
		await Promise.all(Array.from({ length: 50 }, source));
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
