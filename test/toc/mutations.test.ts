import { spawnSync } from "node:child_process";
import path from "node:path";
import { describe, expect, test } from "@jest/globals";
import { projectRoot } from "../support/needs.ts";

describe("damaged tables of contents", () => {
	test("10,000 of them become layers and trees, or errors with a rule", () => {
		const script = path.join(projectRoot, "scripts/fuzz-toc.mjs");
		const { stdout, stderr, status } = spawnSync(process.execPath, [script, "10000"], { encoding: "utf8" });
		expect(stderr).toBe("");
		expect(stdout).toMatch(/^10000 damaged tables of contents, from 5 real ones/);
		expect(stdout).toMatch(/\nfailures: 0\n$/);
		expect(status).toBe(0);
	});
});
