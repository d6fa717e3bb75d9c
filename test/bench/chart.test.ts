import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { type Axis, type Chart, drawChart } from "../../bench/chart.ts";

const axis = (isLogarithmic: boolean): Axis => ({
	title: "unit",
	isLogarithmic,
	format: (value) => `${value}`,
});

function chart(points: readonly (readonly [number, number])[], parts: Partial<Chart> = {}): Chart {
	const lines = [{ name: "ours", points }];
	return { title: "A chart", note: "a machine", x: axis(true), y: axis(true), lines, ...parts };
}

/** Elements in order, of text that is XML: throws if what is opened is not closed. */
function elements(svg: string): string[] {
	const open: string[] = [];
	const found: string[] = [];
	for (const [, end, name = "", rest = ""] of svg.matchAll(/<(\/?)([a-z]+)((?:\s[^<>]*)?)>/g)) {
		if (end === "/") expect(open.pop()).toBe(name);
		else {
			found.push(name);
			if (!rest.endsWith("/")) open.push(name);
		}
	}
	expect(open).toEqual([]);
	expect(svg.replaceAll(/<[^<>]*>/g, "")).not.toMatch(/[<>]/);
	return found;
}

/** All numbers that are places. */
function places(svg: string): number[] {
	const attributes = svg.matchAll(/ (?:x|y|x1|x2|y1|y2|cx|cy)="([^"]*)"/g);
	return Array.from(attributes, ([, value]) => Number(value));
}

const named = (svg: string, name: string) =>
	Number(new RegExp(` y="([\\d.]+)"[^>]*>${name}<`).exec(svg)?.[1]);

describe("drawChart", () => {
	test("has axes with their units, a line and a name for each, and colours for the dark", () => {
		const lines = [
			{ name: "ours", points: [[10, 1] as const, [1000, 90] as const] },
			{ name: "theirs", points: [[10, 2] as const] },
		];
		const svg = drawChart(chart([], { lines }));
		const names = elements(svg);
		expect(names.filter((name) => name === "circle")).toHaveLength(3);
		for (const text of ["A chart", "a machine", "unit", "ours", "theirs", ">10<", ">30<", ">100<", ">1000<"])
			expect(svg).toContain(text);
		expect(svg).toContain("prefers-color-scheme: dark");
		expect(svg).not.toMatch(/href|url\(|<script|<image/);
	});

	test("keeps names of lines that end together apart", () => {
		const lines = ["a1", "b1", "c1", "d1"].map((name) => ({
			name,
			points: [[1, 1] as const, [10, 5] as const],
		}));
		const svg = drawChart(chart([], { lines }));
		const at = lines.map(({ name }) => named(svg, name)).sort((a, b) => a - b);
		for (const [index, y] of at.slice(1).entries()) expect(y - (at[index] ?? 0)).toBeGreaterThanOrEqual(17);
	});

	test("begins a linear axis with 0", () => {
		const svg = drawChart(
			chart(
				[
					[10, 3.2],
					[100, 4.1],
				],
				{ y: axis(false) },
			),
		);
		expect(Array.from(svg.matchAll(/text-anchor="end">([^<]*)</g), ([, text]) => text)).toEqual([
			...["0", "1", "2", "3", "4", "5"],
		]);
	});

	test("escapes texts", () => {
		expect(drawChart(chart([[1, 1]], { title: 'a < b & "c"' }))).toContain("a &lt; b &amp; &quot;c&quot;");
	});

	test("draws any points within its frame", () => {
		const value = fc.double({ min: 1e-6, max: 1e12, noNaN: true });
		const points = fc.array(fc.tuple(value, value), { minLength: 1, maxLength: 20 });
		fc.assert(
			fc.property(points, fc.boolean(), (points, isLogarithmic) => {
				const svg = drawChart(chart(points, { y: axis(isLogarithmic) }));
				elements(svg);
				for (const place of places(svg)) {
					expect(place).toBeGreaterThanOrEqual(0);
					expect(place).toBeLessThanOrEqual(840);
				}
			}),
		);
	});

	test("says what cannot be drawn", () => {
		expect(() => drawChart(chart([]))).toThrow("A chart: there are no points");
		expect(() => drawChart(chart([[0, 1]]))).toThrow("unit: 0 has no place on a logarithmic axis");
	});
});
