import { expect, test } from "@jest/globals";
import type { Machine } from "../../bench/machine.ts";
import { drawPlots } from "../../bench/plots.ts";

const machine: Machine = {
	measured: "2026-01-02T03:04:05.000Z",
	processors: 2,
	processor: "Processor",
	memory: 2 ** 33,
	load: 0,
	system: "Linux 6.12",
	node: "20.20.2",
	composefs: ["0.1.0"],
	peers: {},
};

const result = (entries: number, samples: Record<string, number[]>, memory: Record<string, number>) => ({
	entries,
	samples,
	memory,
});

test("plots show who was measured, and where", () => {
	const plots = drawPlots(
		[
			result(100_000, { tree: [500, 400, 450] }, { tree: 2 ** 26, process: 2 ** 27 }),
			result(
				10_000,
				{ tree: [50], file: [60], pipe: [80] },
				{ tree: 2 ** 23, process: 2 ** 25, file: 2 ** 24 },
			),
		],
		machine,
	);
	expect([...plots.keys()]).toEqual(["time.svg", "memory.svg", "entry.svg"]);
	const circles = [...plots.values()].map((svg) => svg.match(/<circle/g)?.length);
	// Of mkcomposefs and the pipe one size is missing.
	expect(circles).toEqual([4, 5, 4]);
	for (const svg of plots.values()) {
		expect(svg).toContain("2 × Processor, Linux 6.12, Node 20.20.2; medians; measured on 2026-01-02");
		expect(svg).toContain("mkcomposefs, from a dump");
		expect(svg).toContain(">10 k<");
		expect(svg).toContain(">100 k<");
	}
});

test("plots say that the machine had other work", () => {
	const plots = drawPlots([result(10, { tree: [1] }, { tree: 1 })], { ...machine, load: 7.4 });
	expect(plots.get("entry.svg")).toContain("on 2026-01-02, while the machine had other work (load 7)");
});

test("who was never measured has no line", () => {
	const plots = drawPlots([result(10, { tree: [1] }, { tree: 1000, process: 2000 })], machine);
	expect(plots.get("time.svg")).not.toContain("mkcomposefs");
});
