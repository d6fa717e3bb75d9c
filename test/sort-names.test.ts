import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { bytesToName, sortNames } from "../src/names.ts";
import { sortNamesInSteps } from "../src/sort-names.ts";

/** The names in order, and how often it gave way. */
function sorted(names: readonly string[]): { readonly names: string[]; readonly pauses: number } {
	const steps = sortNamesInSteps([...names]);
	for (let pauses = 0; ; pauses++) {
		const { done, value } = steps.next();
		if (done) return { names: value, pauses };
	}
}

/** As many names as said, in an order of their own; the same again each time. */
const shuffled = (count: number, name = (n: number) => `name-${n}`) =>
	Array.from({ length: count }, (_, n) => name((n * 7919) % count));

describe("sortNamesInSteps", () => {
	test.each([0, 1, 2, 1023, 1024, 1025, 2048, 3000, 4097, 20_000])("%i names", (count) => {
		const names = shuffled(count);
		expect(sorted(names).names).toEqual(sortNames([...names]));
	});

	test("is in the order of the bytes, whatever the names are", () => {
		const few = fc.array(fc.uint8Array({ minLength: 1, maxLength: 4 }), { minLength: 1, maxLength: 40 });
		fc.assert(
			fc.property(few, (list) => {
				const names = Array.from({ length: 2500 }, (_, n) =>
					bytesToName(Buffer.concat([list[n % list.length] as Uint8Array, Buffer.from(String(n % 977))])),
				);
				expect(sorted(names).names).toEqual(sortNames([...names]));
			}),
			{ numRuns: 20 },
		);
	});

	test.each<[string, string[]]>([
		["shuffled", shuffled(100_000)],
		["in order", sortNames(shuffled(100_000))],
		["in the reverse order", sortNames(shuffled(100_000)).reverse()],
		["beyond the surrogates", shuffled(100_000, (n) => `\u{1f600}${n}`)],
	])("gives way about every thousand names that are %s", (_title, names) => {
		expect(sorted(names).pauses).toBeGreaterThan(names.length / 1100);
	});
});
