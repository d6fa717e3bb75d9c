import { getEventListeners } from "node:events";
import { describe, expect, test } from "@jest/globals";
import { onAbort } from "../src/abort.ts";

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
