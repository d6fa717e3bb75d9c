import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { describe, expect, test } from "@jest/globals";
import { computeDigest } from "../src/digest.ts";
import { enable, measure } from "../src/verity.ts";
import { verityFolder } from "./support/file-systems.ts";
import { describeIf } from "./support/needs.ts";
import { useTemporaryFolder } from "./support/temporary.ts";

const at = useTemporaryFolder();

describe("measure", () => {
	test("a file that is not sealed measures nothing", async () => {
		writeFileSync(at("file"), "text");
		await expect(measure(at("file"))).resolves.toBeUndefined();
	});

	test("a file that is not there is an error", async () => {
		await expect(measure(at("none"))).rejects.toMatchObject({ code: "ENOENT", path: at("none") });
		await expect(enable(at("none"))).rejects.toMatchObject({ code: "ENOENT", path: at("none") });
	});

	test("a folder is an error", async () => {
		await expect(measure(at())).rejects.toMatchObject({ code: "EISDIR" });
		await expect(enable(at())).rejects.toMatchObject({ code: "EISDIR" });
	});
});

describeIf(
	"a file system without fs-verity",
	verityFolder === undefined ? true : undefined,
	"it has fs-verity",
	() => {
		test("enable says what is missing", async () => {
			writeFileSync(at("file"), "text");
			await expect(enable(at("file"))).rejects.toMatchObject({
				code: "ERR_COMPOSEFS_VERITY",
				rule: "verity-unsupported",
				path: at("file"),
				message: expect.stringContaining("tune2fs -O verity"),
			});
		});
	},
);

describeIf(
	"a file system with fs-verity",
	verityFolder,
	"no folder with fs-verity: name one with COMPOSEFS_VERITY_FOLDER",
	(folder) => {
		test("a file is sealed once, measured, and never written to again", async () => {
			const file = `${folder}/sealed-${process.pid}`;
			writeFileSync(file, Buffer.alloc(10_000, 1));
			await enable(file);
			await enable(file);
			expect(await measure(file)).toEqual({ algorithm: "sha256", digest: await computeDigest(file) });
			expect(() => writeFileSync(file, "x")).toThrow(/EPERM/);
			spawnSync("rm", ["-f", file]);
		});
	},
);
