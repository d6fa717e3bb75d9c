import { describe, expect, test } from "@jest/globals";
import { readAhead } from "../src/read-ahead.ts";

describe("reading ahead", () => {
	test("gives all values in their order, and makes a few of them before they are asked for", async () => {
		let made = 0;
		const values = async function* () {
			for (; made < 10; ) yield made++;
		};
		const ahead = readAhead(values(), 2);
		await ahead.next();
		await new Promise((resolve) => setTimeout(resolve, 5));
		expect(made).toBe(3);
		const rest: number[] = [];
		for await (const value of ahead) rest.push(value);
		expect(rest).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
	});

	test("gives a failure when its turn comes", async () => {
		const values = async function* () {
			yield 1;
			throw new Error("gone");
		};
		const ahead = readAhead(values(), 5);
		await expect(ahead.next()).resolves.toMatchObject({ value: 1 });
		await expect(ahead.next()).rejects.toThrow("gone");
	});

	test("that is left ends the generator, and hides what fails after that", async () => {
		let ended = false;
		const values = async function* () {
			try {
				yield 1;
				throw new Error("gone");
			} finally {
				ended = true;
			}
		};
		for await (const _ of readAhead(values(), 3)) break;
		expect(ended).toBe(true);
	});
});
