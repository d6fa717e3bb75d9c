import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { beforeEach, describe, expect, test } from "@jest/globals";
import { failUnlessAllRead, readEach } from "../../src/cli/read-each.ts";
import { Tree } from "../../src/tree.ts";
import { writeImage } from "../../src/write.ts";
import { composefs, program } from "../support/cli.ts";
import { useTemporaryFolder } from "../support/temporary.ts";

const at = useTemporaryFolder();

beforeEach(async () => {
	const tree = new Tree();
	tree.mkdir("/good");
	await writeImage(tree, { to: at("good") });
	writeFileSync(at("bad"), "no image");
});

describe("bug: an image that cannot be read kept back those behind it", () => {
	test.each([
		["ls", /^\/good\/\t\n\/good\/\t\n$/],
		["dump", /^(?:\/ .*\n\/good .*\n){2}$/],
		["info", /^image +\/.*\/good\n(?:.+\n)+\nimage +\/.*\/good\n/],
	])("%s", (command, expected) => {
		const images = ["good", "bad", "none", "good"].map((name) => at(name));
		const { status, stdout, stderr } = composefs([command, ...images]);
		expect(status).toBe(1);
		expect(stdout).toMatch(expected);
		expect(stderr).toMatch(/^composefs: .*\/bad: offset 0: .*\ncomposefs: ENOENT: .*\/none.*\n$/);
		const json = composefs([command, "--json", ...images]);
		expect(json).toMatchObject({ status: 1, stderr });
		const [first, second, ...others] = JSON.parse(json.stdout);
		expect(first).toMatchObject({ image: at("good") });
		expect(first).not.toHaveProperty("error");
		expect(second).toEqual({ image: at("bad"), error: expect.stringContaining("offset 0: ") });
		expect(others).toEqual([{ image: at("none"), error: expect.stringContaining("ENOENT") }, first]);
	});

	test("but not of objects, which are one list", () => {
		expect(composefs(["objects", at("good"), at("bad")])).toMatchObject({ status: 1, stdout: "" });
	});
});

test("a reader that stops reading turns no failure into a success", () => {
	const script = '{ "$@"; echo $? >&2; } | true';
	const ls = [process.execPath, program, "ls", at("bad"), ...Array(50).fill(at("good"))];
	const { stderr } = spawnSync("bash", ["-c", script, "bash", ...ls], { encoding: "utf8" });
	expect(stderr).toMatch(/\n1\n$/);
});

test("what is no fault of an image ends it all", async () => {
	const reason = new Error("interrupted");
	await expect(readEach(["a"], () => Promise.reject(reason))).rejects.toBe(reason);
	failUnlessAllRead(await readEach(["a"], async () => ({})));
});
