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
