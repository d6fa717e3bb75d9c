import { describe, expect, test } from "@jest/globals";
import { checkOptions, type FromDirectoryOptions } from "../../src/directory/options.ts";

describe("options", () => {
	test("have defaults", () => {
		expect(checkOptions({})).toMatchObject({ clampMtimeNs: undefined, maxEntries: 5_000_000 });
		expect(checkOptions({}).threads).toBeGreaterThan(0);
	});

	test.each([
		[5, 5_000_000_000n],
		[1.5, 1_500_000_000n],
		[new Date(1234), 1_234_000_000n],
		[77n, 77n],
	])("clampMtime %p", (clampMtime, expected) => {
		expect(checkOptions({ clampMtime }).clampMtimeNs).toBe(expected);
	});

	test.each<[string, FromDirectoryOptions]>([
		["skipXattrs and userXattrs", { skipXattrs: true, userXattrs: true }],
		["no thread", { threads: 0 }],
		["half a thread", { threads: 1.5 }],
		["no entries", { maxEntries: 0 }],
		["too many entries", { maxEntries: 2 ** 32 }],
		["a store that is none", { store: "objects" as never }],
		["an unknown policy", { onChanged: "ignore" as never }],
		["a filter that is none", { filter: "*.txt" as never }],
		["a map of owners that is none", { mapOwner: { uid: 0 } as never }],
	])("%s is refused", (_title, options) => {
		expect(() => checkOptions(options)).toThrow(expect.objectContaining({ code: "ERR_COMPOSEFS_ARGUMENT" }));
	});

	test("a time that is none is refused", () => {
		expect(() => checkOptions({ clampMtime: new Date("x") })).toThrow("mtime is not a time");
	});
});
