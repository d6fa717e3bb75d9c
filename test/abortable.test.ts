import { getEventListeners } from "node:events";
import { describe, expect, test } from "@jest/globals";
import { AbortableIterator, abortable } from "../src/abortable.ts";
import { expectGivenUp } from "./support/stuck.ts";

async function all<T>(source: AsyncIterable<T> | Iterable<T>): Promise<T[]> {
	const items: T[] = [];
	for await (const item of source) items.push(item);
	return items;
}

/** Counts how often it is let go. */
class Counted implements AsyncIterable<number> {
	closed = 0;
	failsAt = Number.POSITIVE_INFINITY;

	[Symbol.asyncIterator](): AsyncIterator<number> {
		let next = 0;
		return {
			next: async () => {
				if (next === this.failsAt) throw new Error("failed");
				return { done: false, value: next++ };
			},
			return: async () => {
				this.closed++;
				return { done: true, value: undefined };
			},
		};
	}
}

describe("a source in a loop", () => {
	test("bug: promises that an array has were waited for after the signal", async () => {
		const promises = [Promise.resolve(1), new Promise<number>(() => undefined)];
		const controller = new AbortController();
		const numbers: number[] = [];
		const loop = async () => {
			for await (const number of abortable(promises as never as number[], controller.signal)) {
				numbers.push(number);
				setImmediate(() => controller.abort(new Error("enough")));
			}
		};
		await expect(loop()).rejects.toThrow("enough");
		expect(numbers).toEqual([1]);
	});

	test("an array's promise that is rejected ends it, and a generator is let go", async () => {
		const { signal } = new AbortController();
		const rejected = [Promise.reject(new Error("gone"))];
		await expect(all(abortable(rejected, signal))).rejects.toThrow("gone");
		let closed = false;
		const generator = (function* () {
			try {
				yield* [1, 2];
			} finally {
				closed = true;
			}
		})();
		for await (const _number of abortable(generator, signal)) break;
		expect(closed).toBe(true);
	});

	test("that throws when it is let go, after the signal: the signal's reason", async () => {
		const controller = new AbortController();
		const source = {
			[Symbol.asyncIterator]: () => ({
				next: async () => ({ done: false, value: 1 }),
				return: () => {
					throw new Error("from return");
				},
			}),
		} as never as AsyncIterable<number>;
		const loop = async () => {
			for await (const _number of abortable(source, controller.signal)) controller.abort(new Error("enough"));
		};
		await expect(loop()).rejects.toThrow("enough");
	});

	test.each([5, undefined, null, {}, () => 1])("%p is none", (source) => {
		for (const signal of [undefined, new AbortController().signal])
			expect(() => abortable(source as never, signal)).toThrow(
				expect.objectContaining({ code: "ERR_COMPOSEFS_ARGUMENT", rule: "source" }),
			);
	});

	test.each([5, undefined, null])("whose step is %p is none", async (step) => {
		for (const next of [() => step, async () => step])
			for (const signal of [undefined, new AbortController().signal]) {
				const steps = new AbortableIterator({ next } as never, signal);
				await expect(steps.next()).rejects.toMatchObject({ code: "ERR_COMPOSEFS_ARGUMENT", rule: "source" });
			}
		const sync = { [Symbol.iterator]: () => ({ next: () => step }) };
		await expect(all(abortable(sync as never, new AbortController().signal))).rejects.toMatchObject({
			rule: "source",
		});
	});

	test("gives what it gives, and nobody listens to the signal any more", async () => {
		const { signal } = new AbortController();
		const source = async function* () {
			yield* [1, 2, 3];
		};
		expect(await all(abortable(source(), signal))).toEqual([1, 2, 3]);
		expect(await all(abortable([1, 2], signal))).toEqual([1, 2]);
		expect(await all(abortable(source(), undefined))).toEqual([1, 2, 3]);
		expect(getEventListeners(signal, "abort")).toHaveLength(0);
	});

	test("that waits for ever is given up", async () => {
		await expectGivenUp([1, 2], (source, signal) => all(abortable(source, signal)));
	});

	test("is let go once when the signal aborts between its steps, and when the loop ends early", async () => {
		const controller = new AbortController();
		const source = new Counted();
		await expect(async () => {
			for await (const number of abortable(source, controller.signal))
				if (number === 3) controller.abort(new Error("enough"));
		}).rejects.toThrow("enough");
		expect(source.closed).toBe(1);
		for await (const number of abortable(source, new AbortController().signal)) if (number === 3) break;
		expect(source.closed).toBe(2);
	});

	test.each(["between its steps", "while the loop is left"])(
		"that is not let go of is not waited for when the signal aborts %s",
		async (when) => {
			const controller = new AbortController();
			const abort = () => controller.abort(new Error("enough"));
			const never = { return: () => new Promise<never>(() => undefined), next: async () => ({ value: 1 }) };
			const source = { [Symbol.asyncIterator]: () => never } as never as AsyncIterable<number>;
			const loop = async () => {
				for await (const _number of abortable(source, controller.signal)) {
					if (when === "between its steps") abort();
					else {
						setImmediate(abort);
						throw new Error("of the loop");
					}
				}
			};
			await expect(loop()).rejects.toThrow(when === "between its steps" ? "enough" : "of the loop");
		},
	);

	test("that fails is asked nothing more", async () => {
		const { signal } = new AbortController();
		const source = new Counted();
		source.failsAt = 2;
		await expect(all(abortable(source, signal))).rejects.toThrow("failed");
		expect(source.closed).toBe(0);
		expect(getEventListeners(signal, "abort")).toHaveLength(0);
	});

	test("is not begun after the signal", async () => {
		await expect(all(abortable(new Counted(), AbortSignal.abort(new Error("enough"))))).rejects.toThrow(
			"enough",
		);
	});
});

test("steps after a failure fail in the same way", async () => {
	const source = new Counted();
	source.failsAt = 0;
	const steps = new AbortableIterator(source[Symbol.asyncIterator](), undefined);
	for (const _time of [1, 2]) await expect(steps.next()).rejects.toThrow("failed");
	const aborted = new AbortableIterator([1][Symbol.iterator](), AbortSignal.abort(new Error("enough")));
	for (const _time of [1, 2]) await expect(aborted.next()).rejects.toThrow("enough");
});

test("steps after the end are ends", async () => {
	const steps = new AbortableIterator([1][Symbol.iterator](), undefined);
	expect([await steps.next(), await steps.next(), await steps.next()]).toEqual([
		{ done: false, value: 1 },
		{ done: true, value: undefined },
		{ done: true, value: undefined },
	]);
	expect(await steps.return()).toEqual({ done: true, value: undefined });
});
