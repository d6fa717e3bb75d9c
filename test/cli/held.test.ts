import { expect, test } from "@jest/globals";
import { Held } from "../../src/cli/held.ts";

test("what is held is let go at the end, the last one first", async () => {
	const gone: string[] = [];
	const named = (name: string) => ({ name, [Symbol.asyncDispose]: async () => void gone.push(name) });
	{
		await using held = new Held();
		expect(held.hold(named("a")).name).toBe("a");
		held.hold(named("b"));
		expect(gone).toEqual([]);
	}
	expect(gone).toEqual(["b", "a"]);
});

test("one that fails keeps no other from that", async () => {
	const gone: string[] = [];
	const held = new Held();
	held.hold({ [Symbol.asyncDispose]: async () => void gone.push("a") });
	for (const text of ["second", "first"])
		held.hold({ [Symbol.asyncDispose]: () => Promise.reject(new Error(text)) });
	await expect(held[Symbol.asyncDispose]()).rejects.toThrow("first");
	expect(gone).toEqual(["a"]);
});
