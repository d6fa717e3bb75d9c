import { writeFileSync } from "node:fs";
import { beforeEach, describe, expect, test } from "@jest/globals";
import { composefs } from "../support/cli.ts";
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

	test("a file that cannot be read", () => {
		const { status, stderr } = composefs(["digest", "/nonexistent"]);
		expect(status).toBe(1);
		expect(stderr).toBe("composefs: ENOENT: no such file or directory, open '/nonexistent'\n");
	});
});
