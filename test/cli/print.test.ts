import { afterEach, describe, expect, test } from "@jest/globals";
import { colour, columns } from "../../src/cli/print.ts";

const { isTTY } = process.stdout;

afterEach(() => {
	process.stdout.isTTY = isTTY;
	delete process.env.NO_COLOR;
});

describe("print", () => {
	test("colours on a terminal, unless NO_COLOR is set", () => {
		process.stdout.isTTY = true;
		delete process.env.NO_COLOR;
		expect(colour("red", "x")).toBe("\u001b[31mx\u001b[0m");
		process.env.NO_COLOR = "1";
		expect(colour("red", "x")).toBe("x");
	});

	test("none elsewhere", () => {
		process.stdout.isTTY = false;
		expect(colour("green", "x")).toBe("x");
	});

	test("columns", () => {
		expect(
			columns([
				["a", "1"],
				["long", "2"],
			]),
		).toBe("a     1\nlong  2\n");
	});
});
