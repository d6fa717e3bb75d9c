import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { beforeEach, describe, expect, test } from "@jest/globals";
import { composefs, program } from "../support/cli.ts";
import { useTemporaryFolder } from "../support/temporary.ts";

const EMPTY = "3d248ca542a24fc62d1c43b916eae5016878e2533c88238480b26128a1f1af95";
const at = useTemporaryFolder();
const empty = () => at("empty");

beforeEach(() => writeFileSync(empty(), ""));

describe("composefs digest", () => {
	test("a line for each file", () => {
		const { status, stdout } = composefs(["digest", empty(), empty()]);
		expect(status).toBe(0);
		expect(stdout).toBe(`${EMPTY}  ${empty()}\n`.repeat(2));
	});

	test("--json", () => {
		const { stdout } = composefs(["digest", "--json", empty()]);
		expect(JSON.parse(stdout)).toEqual([{ path: empty(), digest: EMPTY }]);
	});

	describe("a file that cannot be read", () => {
		const problem = "ENOENT: no such file or directory, open '/nonexistent'";

		test("bug: kept those behind it from being told of", () => {
			const { status, stdout, stderr } = composefs(["digest", empty(), "/nonexistent", empty()]);
			expect(status).toBe(1);
			expect(stdout).toBe(`${EMPTY}  ${empty()}\n`.repeat(2));
			expect(stderr).toBe(`composefs: ${problem}\n`);
		});

		test("bug: a reader that stops reading turned it into a success", () => {
			// The pipe has no reader by the time that there is something to print.
			const script = '{ sleep 0.2; "$@"; echo $? >&2; } | true';
			const digest = [process.execPath, program, "digest", "/nonexistent", empty()];
			const { stderr } = spawnSync("bash", ["-c", script, "bash", ...digest], { encoding: "utf8" });
			expect(stderr).toBe(`composefs: ${problem}\n1\n`);
		});

		test("--json", () => {
			const { status, stdout } = composefs(["digest", "--json", "/nonexistent", empty()]);
			expect(status).toBe(1);
			expect(JSON.parse(stdout)).toEqual([
				{ path: "/nonexistent", error: problem },
				{ path: empty(), digest: EMPTY },
			]);
		});
	});
});
