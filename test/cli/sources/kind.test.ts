import { expect, test } from "@jest/globals";
import { Option } from "commander";
import { foreignOption, type SourceKind, sourceOptions } from "../../../src/cli/sources/kind.ts";
import { Tree } from "../../../src/tree.ts";

const kind = (name: string, ...flags: string[]): SourceKind => ({
	name,
	description: name,
	options: flags.map((option) => new Option(option)),
	read: async () => new Tree(),
});
const a = kind("a", "--both", "--only-a");
const b = kind("b", "--both");

test("options of several kinds are there once", () => {
	expect(sourceOptions([a, b]).map(({ long }) => long)).toEqual(["--both", "--only-a"]);
});

test("options of another kind are found", () => {
	expect(foreignOption(b, [a, b], (name) => name === "onlyA")?.long).toBe("--only-a");
	expect(foreignOption(a, [a, b], () => true)).toBeUndefined();
	expect(foreignOption(b, [a, b], (name) => name === "both")).toBeUndefined();
});
