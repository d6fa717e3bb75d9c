import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import type { Steps } from "../src/steps.ts";
import { Tree } from "../src/tree.ts";
import { walkInSteps, walkPlaces } from "../src/walk.ts";
import { arbitraryTree } from "./support/arbitrary-tree.ts";

describe("walkInSteps", () => {
	test("meets what Tree.walk meets", () => {
		fc.assert(
			fc.property(arbitraryTree(), (tree) => {
				expect([...walkInSteps(tree)]).toEqual([...tree.walk()]);
			}),
		);
	});

	test("gives way in a wide directory, and meets all of it in order", () => {
		const wide = new Tree();
		for (let n = 0; n < 20_000; n++) wide.mkdir(`/${(n * 7919) % 20_000}`);
		const steps = [...walkInSteps(wide)];
		expect(steps.filter((met) => met === undefined).length).toBeGreaterThan(20_000 / 1100);
		expect(steps.filter((met) => met !== undefined)).toEqual([...wide.walk()]);
	});

	test("refuses a directory that is in itself, and one of two names", () => {
		const [cycle, twice] = [new Tree(), new Tree()];
		cycle.root.children.set("again", cycle.root);
		for (const name of ["a", "b"]) twice.root.children.set(name, twice.get("/a") ?? twice.mkdir("/a"));
		for (const tree of [cycle, twice])
			expect(() => [...walkInSteps(tree)]).toThrow(expect.objectContaining({ rule: "directory-linked" }));
	});
});

test("walkPlaces goes in the order of the names, and depth first", () => {
	function* below(place: string): Steps<string[]> {
		yield;
		return [`${place}b`, `${place}a`];
	}
	const places = walkPlaces("", (place) => (place.length < 2 ? below(place) : undefined));
	expect([...places]).toEqual(["", undefined, "b", undefined, "bb", "ba", "a", undefined, "ab", "aa"]);
});
