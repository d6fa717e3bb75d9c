import { expect, test } from "@jest/globals";
import { everyInSteps, mapInSteps, STEP, type Steps } from "../src/steps.ts";

/** The result of steps, and how many there were before it. */
function run<Result>(steps: Steps<Result>): [result: Result, pauses: number] {
	for (let pauses = 0; ; pauses++) {
		const { done, value } = steps.next();
		if (done) return [value, pauses];
	}
}

const items = Array.from({ length: 3 * STEP + 1 }, (_, n) => n);

test("mapInSteps makes something of each item, and gives way after each step", () => {
	const [made, pauses] = run(mapInSteps(new Set(items), (n) => 2 * n));
	expect(made).toEqual(items.map((n) => 2 * n));
	expect(pauses).toBe(3);
	expect(run(mapInSteps([], () => 1))).toEqual([[], 0]);
});

test("everyInSteps ends with the first item of which it does not hold", () => {
	expect(run(everyInSteps(items, (n, at) => n === at))).toEqual([true, 4]);
	let met = 0;
	expect(run(everyInSteps(items, (n) => ++met > 0 && n < STEP))[0]).toBe(false);
	expect(met).toBe(STEP + 1);
});
