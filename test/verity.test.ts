import { writeFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "@jest/globals";
import { enable, measure } from "../src/verity.ts";
import { runNode } from "./support/child.ts";
import { verityFolder } from "./support/file-systems.ts";
import { describeIf, projectRoot } from "./support/needs.ts";
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
		test("files and objects are sealed, measured, and never written to again", () => {
			const program = path.join(projectRoot, "scripts/check-verity.mjs");
			expect(runNode([program, folder])).toEqual({ ended: 0, stdout: "fs-verity: all holds\n", stderr: "" });
		});
	},
);
