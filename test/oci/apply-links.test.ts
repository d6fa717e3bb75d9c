import { describe, expect, test } from "@jest/globals";
import { LOWER, lines, stack } from "../support/layers.ts";

describe("hard links", () => {
	test("within a layer", async () => {
		expect(lines(await stack(["a: 1", "b = a", "d/c = ./b"]))).toEqual(["a: 1", "b = a", "d/", "d/c = a"]);
	});

	test("into a lower layer", async () => {
		expect(lines(await stack(LOWER, ["e = /d/a", "f = e"]))).toEqual([
			...LOWER.slice(0, -1),
			"e = d/a",
			"f = d/a",
			"top: 4",
		]);
	});

	test("lead to what was there when they came", async () => {
		expect(lines(await stack(["a: 1", "b = a", "a: 2"]))).toEqual(["a: 2", "b: 1"]);
		expect(lines(await stack(["a: 1"], ["b = a", "a: 2"]))).toEqual(["a: 2", "b: 1"]);
		expect(lines(await stack(["a: 1"], ["a: 2", "b = a"]))).toEqual(["a: 2", "b = a"]);
	});

	test("outlive the other name, and an upper layer changes one name only", async () => {
		const lower = ["a: 1", "b = a", "c = a"];
		expect(lines(await stack(lower, [".wh.a"]))).toEqual(["b: 1", "c = b"]);
		expect(lines(await stack(lower, ["a: 2"]))).toEqual(["a: 2", "b: 1", "c = b"]);
	});

	test("to a symlink are links to the symlink", async () => {
		expect(lines(await stack(["a -> x", "b = a"]))).toEqual(["a -> x", "b = a"]);
	});

	test.each<[string, string[], string]>([
		["to nothing", ["x = nowhere"], "x: the hard link's target nowhere is not there"],
		["to themselves", ["top = ./top"], "top: the hard link's target ./top is the link itself"],
		["in a circle", ["x = y", "y = x"], "x: the hard link's target y is not there"],
		["to a directory", ["x = d"], "x: the hard link's target d is a directory"],
		["to a directory of the layer", ["e/", "x = e/"], "x: the hard link's target e/ is a directory"],
		["to the root", ["x = /"], "x: the hard link's target / is a directory"],
		["to what the layer takes away", ["x = d/a", "d/.wh.a"], "x: the hard link's target d/a is not there"],
		[
			"to what an opaque mark takes away",
			["d/.wh..wh..opq", "x = d/a"],
			"x: the hard link's target d/a is not there",
		],
		["through a file", ["f", "x = f/y"], "x: the hard link's target f/y has a parent that is no directory"],
		["out of the image", ["x = ../../etc/shadow"], '../../etc/shadow: ".." leads out of its directory'],
	])("%s are refused", async (_title, layer, message) => {
		await expect(stack(LOWER, layer)).rejects.toMatchObject({ code: "ERR_COMPOSEFS_OCI", message });
	});
});
