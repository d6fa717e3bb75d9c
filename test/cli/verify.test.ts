import { spawnSync } from "node:child_process";
import { describe, expect, test } from "@jest/globals";
import { Tree } from "../../src/tree.ts";
import { writeImage } from "../../src/write.ts";
import { composefs, program } from "../support/cli.ts";
import { useTemporaryFolder } from "../support/temporary.ts";

const at = useTemporaryFolder();

describe("composefs verify", () => {
	test("ends with 3 if one image is not what it should be", async () => {
		const { digest } = await writeImage(new Tree(), { to: at("good") });
		const bad = await writeImage(new Tree(), { to: at("bad"), minVersion: 1 });
		expect(composefs(["verify", digest, at("good")])).toEqual({
			status: 0,
			stdout: `${at("good")}: OK\n`,
			stderr: "",
		});
		const both = composefs(["verify", digest, at("good"), at("bad")]);
		expect(both.status).toBe(3);
		expect(both.stdout).toContain(`${at("bad")}: FAILED, its digest is ${bad.digest}\n`);
		const json = composefs(["verify", "--json", digest, at("bad")]);
		expect(json.status).toBe(3);
		expect(JSON.parse(json.stdout)).toEqual([{ image: at("bad"), ok: false, actual: bad.digest }]);
	});

	test("bug: one that cannot be read hid what the others are", async () => {
		const { digest } = await writeImage(new Tree(), { to: at("good") });
		await writeImage(new Tree(), { to: at("bad"), minVersion: 1 });
		const { status, stdout, stderr } = composefs(["verify", digest, at("bad"), at("none"), at("good")]);
		expect(status).toBe(3);
		expect(stdout).toMatch(/bad: FAILED, .*\n.*good: OK\n$/);
		expect(stderr).toMatch(/^composefs: ENOENT: .*none/);
		const json = composefs(["verify", "--json", digest, at("none"), at("good")]);
		expect(json.status).toBe(1);
		expect(JSON.parse(json.stdout)).toEqual([
			{ image: at("none"), ok: false, error: expect.stringContaining("ENOENT") },
			{ image: at("good"), ok: true, actual: digest },
		]);
	});

	test("a reader that stops reading turns no failure into a success", async () => {
		await writeImage(new Tree(), { to: at("image") });
		// The pipe has no reader by the time that there is something to print.
		const script = '{ sleep 0.2; "$@"; echo $? >&2; } | true';
		const verify = [process.execPath, program, "verify", "a".repeat(64), at("image")];
		const { stderr } = spawnSync("bash", ["-c", script, "bash", ...verify]);
		expect(String(stderr)).toBe("3\n");
	});

	test("what is no digest", () => {
		expect(composefs(["verify", "abc", "/dev/null"])).toMatchObject({
			status: 2,
			stderr: "composefs: a digest is 64 hexadecimal digits, not abc\n",
		});
	});
});
