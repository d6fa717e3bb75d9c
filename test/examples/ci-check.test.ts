import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { describe, expect, test } from "@jest/globals";
import { runExample } from "../support/run-example.ts";
import { useTemporaryFolder } from "../support/temporary.ts";

const at = useTemporaryFolder();
const check = (...args: string[]) => runExample("ci-check", args, at());

describe("ci-check", () => {
	test("is content with what the lock says, and tells what differs from it", () => {
		mkdirSync(at("dist/bin"), { recursive: true });
		for (const name of ["bin/tool", "text"]) writeFileSync(at("dist", name), "content\n".repeat(100));
		expect(check("--update", "dist", "lock")).toEqual({ ended: 0, stdout: "", stderr: "" });
		expect(check("dist", "lock")).toMatchObject({
			ended: 0,
			stdout: expect.stringMatching(/^dist is what lock says/),
		});

		writeFileSync(at("dist/text"), "another\n".repeat(100));
		chmodSync(at("dist/bin/tool"), 0o700);
		writeFileSync(at("dist/more"), "");
		const { ended, stdout } = check("dist", "lock");
		expect(ended).toBe(1);
		expect(stdout.split("\n").slice(1, 4)).toEqual([
			"  changed /bin/tool: mode",
			"  added /more",
			"  changed /text: content",
		]);
	});

	test("without arguments tells its usage", () => {
		expect(check()).toMatchObject({ ended: 2, stderr: "usage: ci-check [--update] FOLDER LOCK\n" });
	});
});
