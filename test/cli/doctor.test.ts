import { readdirSync } from "node:fs";
import { describe, expect, test } from "@jest/globals";
import { composefs } from "../support/cli.ts";
import { useTemporaryFolder } from "../support/temporary.ts";

const at = useTemporaryFolder();

describe("composefs doctor", () => {
	test("tells what works, one thing a line, and leaves nothing behind", () => {
		const { status, stdout, stderr } = composefs(["doctor", at()]);
		expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
		for (const name of ["addon", "libcomposefs", "erofs", "privileges", "fs-verity"])
			expect(stdout).toMatch(new RegExp(`^(ok|limited|missing|unknown) +${name} `, "m"));
		expect(stdout).toMatch(/^ok +writing /m);
		expect(readdirSync(at())).toEqual([]);
	});

	test("--json", () => {
		const { status, stdout } = composefs(["doctor", "--json", at()]);
		expect(status).toBe(0);
		const checks = JSON.parse(stdout) as { name: string }[];
		expect(checks.find(({ name }) => name === "addon")).toEqual({
			name: "addon",
			status: "ok",
			found: "loads",
		});
	});

	test("ends with 1 where nothing can be written", () => {
		const { status, stdout } = composefs(["doctor", at("none")]);
		expect(status).toBe(1);
		expect(stdout).toMatch(/^missing +writing .*ENOENT/m);
	});

	test("ends with 1, and says what to do, where there is no addon", () => {
		const { status, stdout } = composefs(["doctor", at()], {
			env: { ...process.env, COMPOSEFS_PREBUILD: at() },
		});
		expect(status).toBe(1);
		expect(stdout).toMatch(/^missing +addon +composefs has no addon for .*; build it with: /m);
		expect(stdout).not.toMatch(/writing/);
	});
});
