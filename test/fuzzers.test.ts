import { spawnSync } from "node:child_process";
import path from "node:path";
import { expect, test } from "@jest/globals";
import { projectRoot } from "./support/needs.ts";

// A short run of each; of images and tables of contents, tests beside theirs.
test.each([
	["fuzz-dump", 1000],
	["fuzz-documents", 2000],
	["fuzz-tar", 1000],
	["fuzz-tar-split", 500],
])("%s: %d damaged inputs become values or errors with a rule", (name, count) => {
	const script = path.join(projectRoot, `scripts/${name}.mjs`);
	const { stdout, stderr, status } = spawnSync(process.execPath, [script, String(count)], {
		encoding: "utf8",
	});
	expect(stderr).toBe("");
	expect(stdout).toMatch(new RegExp(`^${count} damaged .*\\n`));
	expect(stdout).toMatch(/\nfailures: 0\n$/);
	expect(status).toBe(0);
});
