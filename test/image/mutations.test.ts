import { spawnSync } from "node:child_process";
import path from "node:path";
import { describe, expect, test } from "@jest/globals";
import { projectRoot } from "../support/needs.ts";

describe("damaged images", () => {
	test("20,000 of them become trees that can be written, or errors with a rule", () => {
		const script = path.join(projectRoot, "scripts/fuzz-image.mjs");
		const { stdout, stderr, status } = spawnSync(process.execPath, [script, "20000"], { encoding: "utf8" });
		expect(stderr).toBe("");
		expect(stdout).toMatch(/^20000 damaged images, from 7 real ones/);
		expect(stdout).toMatch(/\nfailures: 0\n$/);
		expect(status).toBe(0);
	});
});
