import { afterEach, describe, expect, jest, test } from "@jest/globals";
import {
	colour,
	columns,
	printImageLists,
	printJson,
	printJsonList,
	printJsonObject,
} from "../../src/cli/print.ts";

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

describe("JSON in pieces", () => {
	const items = [{ a: 1, b: [1, { c: "x\ny" }] }, "text", 5n, null, {}];
	const printed = async (work: () => Promise<void>) => {
		let text = "";
		const write = jest.spyOn(process.stdout, "write").mockImplementation((piece) => {
			text += piece;
			return true;
		});
		await work();
		write.mockRestore();
		return text;
	};

	test.each([[items], [[]], [Array.from({ length: 50_000 }, (_, n) => ({ n }))]])(
		"is the same text",
		async (list) => {
			const whole = await printed(() => printJson(list));
			expect(await printed(() => printJsonList(list))).toBe(whole);
			const object = await printed(() => printJson({ a: { b: [1] }, list }));
			expect(await printed(() => printJsonObject({ a: { b: [1] } }, "list", list))).toBe(object);
			expect(await printed(() => printJsonObject({}, "x", []))).toBe('{\n  "x": []\n}\n');
			const lists = [
				{ image: "a", entries: list },
				{ image: "b", entries: list.slice(1) },
			];
			const both = await printed(() => printJson(lists));
			expect(await printed(() => printImageLists(lists))).toBe(both);
		},
	);

	test("bug: a list was one text, longer than a string can be", async () => {
		let bytes = 0;
		const write = jest.spyOn(process.stdout, "write").mockImplementation((piece) => {
			bytes += piece.length;
			return true;
		});
		function* long() {
			for (let n = 0; n < 1100; n++) yield { path: "x".repeat(500_000) };
		}
		await printJsonList(long());
		write.mockRestore();
		expect(bytes).toBeGreaterThan(0x1fffffe8);
	});
});
