import { getEventListeners } from "node:events";
import { describe, expect, test } from "@jest/globals";
import { follow, onAbort, untilAbort } from "../src/abort.ts";

describe("waiting for a signal", () => {
	test("everyone is told once, but who went away", () => {
		const controller = new AbortController();
		const told: string[] = [];
		onAbort(controller.signal, () => told.push("a"));
		const forget = onAbort(controller.signal, () => told.push("b"));
		const same = () => told.push("c");
		onAbort(controller.signal, same);
		onAbort(controller.signal, same)();
		forget();
		controller.abort();
		controller.abort();
		expect(told).toEqual(["a", "c"]);
	});

	test("a signal that has aborted tells nobody, and none is no trouble", () => {
		let told = 0;
		onAbort(AbortSignal.abort(), () => told++)();
		onAbort(undefined, () => told++)();
		expect(told).toBe(0);
	});

	test("a signal that follows aborts with the other, before and after, until it is forgotten", () => {
		const controller = new AbortController();
		const [one, forgotten] = [follow(controller.signal), follow(controller.signal)];
		forgotten.forget();
		expect(one.signal.aborted).toBe(false);
		controller.abort();
		expect([one.signal.aborted, forgotten.signal.aborted]).toEqual([true, false]);
		expect(follow(controller.signal).signal.aborted).toBe(true);
		expect(follow(undefined).signal.aborted).toBe(false);
	});

	test("a hundred are one listener, and none when all have gone", () => {
		const { signal } = new AbortController();
		const count = () => getEventListeners(signal, "abort").length;
		const forget = Array.from({ length: 100 }, () => onAbort(signal, () => undefined));
		expect(count()).toBe(1);
		for (const one of forget) one();
		expect(count()).toBe(0);
		onAbort(signal, () => undefined);
		expect(count()).toBe(1);
	});
});

describe("a promise of somebody else's", () => {
	const open = new Promise<never>(() => undefined);

	test("is waited for, as long as the signal lets", async () => {
		const { signal } = new AbortController();
		expect(await untilAbort(Promise.resolve(1), signal)).toBe(1);
		expect(await untilAbort(Promise.resolve(1), undefined)).toBe(1);
		await expect(untilAbort(Promise.reject(new Error("failed")), signal)).rejects.toThrow("failed");
		await new Promise(setImmediate);
		expect(getEventListeners(signal, "abort")).toHaveLength(0);
	});

	test("is not waited for after the signal, nor is its failure left to nobody", async () => {
		const controller = new AbortController();
		const waiting = untilAbort(open, controller.signal);
		controller.abort(new Error("enough"));
		await expect(waiting).rejects.toThrow("enough");
		await expect(untilAbort(open, controller.signal)).rejects.toThrow("enough");
		const failing = untilAbort(Promise.reject(new Error("failed")), controller.signal);
		await expect(failing).rejects.toThrow("enough");
	});
});
