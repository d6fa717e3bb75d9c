import { writeFileSync } from "node:fs";
import { describe, expect, test } from "@jest/globals";
import { enable, measure } from "../src/verity.ts";
import { FOLDER_WITHOUT_VERITY } from "./support/file-systems.ts";
import { useTemporaryFolder } from "./support/temporary.ts";

const at = useTemporaryFolder(FOLDER_WITHOUT_VERITY);

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

// A file system that has fs-verity takes a kernel that has it: test/vm.test.ts.
describe("a file system without fs-verity", () => {
	test("enable says what is missing", async () => {
		writeFileSync(at("file"), "text");
		await expect(enable(at("file"))).rejects.toMatchObject({
			code: "ERR_COMPOSEFS_VERITY",
			rule: "verity-unsupported",
			path: at("file"),
			message: expect.stringContaining("tune2fs -O verity"),
		});
	});
});
