import { expect, test } from "@jest/globals";
import { checkIsArray, checkIsIterable } from "../src/lists.ts";

async function* some(): AsyncGenerator<string> {}
const argument = { name: "ComposefsError", code: "ERR_COMPOSEFS_ARGUMENT" };
const wrong = [undefined, null, {}, 5, true, "text", Buffer.from("bytes"), () => 1];

test("an array is one", () => {
	checkIsArray([], "files");
	for (const value of [...wrong, new Set()])
		expect(() => checkIsArray(value as never, "files")).toThrow(
			expect.objectContaining({ ...argument, message: "files come in an array" }),
		);
});

test("an iterable may be any, but no text or bytes", () => {
	for (const value of [[], new Set<string>(), some()]) checkIsIterable(value, "images");
	for (const value of wrong)
		expect(() => checkIsIterable(value as never, "images")).toThrow(
			expect.objectContaining({ ...argument, message: "images come in an array or another iterable" }),
		);
});
