import { expect } from "@jest/globals";

/** A source that gives these, and then nothing for ever. Calls `onWait` when it begins to wait. */
export async function* stuckAfter<T>(items: readonly T[], onWait: () => void): AsyncGenerator<T> {
	yield* items;
	onWait();
	await new Promise(() => undefined);
}

/** Expects work on such a source to end with the signal's reason. */
export async function expectGivenUp<T>(
	items: readonly T[],
	work: (source: AsyncIterable<T>, signal: AbortSignal) => Promise<unknown>,
): Promise<void> {
	const controller = new AbortController();
	const source = stuckAfter(items, () => setImmediate(() => controller.abort(new Error("enough"))));
	await expect(work(source, controller.signal)).rejects.toThrow("enough");
}
