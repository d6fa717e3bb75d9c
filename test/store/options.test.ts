import { existsSync } from "node:fs";
import { describe, expect, test } from "@jest/globals";
import { ObjectStore } from "../../src/store/index.ts";
import { toNativeOptions } from "../../src/store/options.ts";
import { useTemporaryFolder } from "../support/temporary.ts";

const at = useTemporaryFolder();

describe("options of a store", () => {
	test("have defaults", () => {
		expect(toNativeOptions("store", {})).toEqual({
			path: Buffer.from("store"),
			create: true,
			cache: true,
			sync: 0,
			verity: 1,
			trust: 0,
			mode: 0o644,
			folderMode: 0o755,
			uid: -1,
			gid: -1,
		});
	});

	test.each([
		{ sync: "always" },
		{ verity: "yes" },
		{ trust: "toString" },
		{ mode: 0o10000 },
		{ mode: -1 },
		{ folderMode: 1.5 },
		{ owner: { uid: -1, gid: 0 } },
		{ owner: { uid: 0, gid: 2 ** 32 - 1 } },
		{ parallel: 0.5 },
		{ parallel: 0 },
		{ parallel: -1 },
		{ trusts: "content" },
	])("%j is refused, bug: after the folder was made", async (options) => {
		await expect(ObjectStore.open(at("store"), options as never)).rejects.toMatchObject({
			code: "ERR_COMPOSEFS_ARGUMENT",
		});
		expect(existsSync(at("store"))).toBe(false);
	});
});
