import { mkdirSync, writeFileSync } from "node:fs";
import { beforeEach, describe, expect, test } from "@jest/globals";
import { Tree } from "../../src/tree.ts";
import { writeImage } from "../../src/write.ts";
import { composefs } from "../support/cli.ts";
import { useTemporaryFolder } from "../support/temporary.ts";

const at = useTemporaryFolder();

beforeEach(async () => {
	const one = new Tree();
	one.writeFile("/x", { size: 10, path: "bb/2" });
	one.writeFile("/y", { size: 10, path: "aa/1" });
	await writeImage(one, { to: at("one") });
	const two = new Tree();
	two.writeFile("/z", { size: 10, path: "bb/2" });
	two.writeFile("/w", { size: 10, path: "cc/3", digest: "3".repeat(64) });
	await writeImage(two, { to: at("two") });
	mkdirSync(at("store/bb"), { recursive: true });
	writeFileSync(at("store/bb/2"), "");
});

describe("composefs objects", () => {
	test("of several images, each once, in order", () => {
		expect(composefs(["objects", at("two"), at("one")]).stdout).toBe("aa/1\nbb/2\ncc/3\n");
	});

	test("paths that are no text are printed as their bytes, in the order of these", async () => {
		const tree = new Tree();
		const paths = ["a\xffb", "\xef\xbf\xae", "\xf0\x90\x80\x80", "\xef\xbf\xbd"];
		for (const [n, path] of paths.entries())
			tree.writeFile(`/${n}`, { size: 1, path: Buffer.from(path, "latin1") });
		await writeImage(tree, { to: at("bytes") });
		const lines = paths.sort().map((path) => `${path}\n`);
		expect(composefs(["objects", at("bytes")]).stdout).toBe(lines.join(""));
		expect(composefs(["missing-objects", "--basedir", at("store"), at("bytes")]).stdout).toBe(lines.join(""));
	});

	test("--json, --filter", () => {
		const { stdout } = composefs(["objects", "--json", at("two"), "--filter", "w"]);
		expect(JSON.parse(stdout)).toEqual([{ path: "cc/3", size: 10, digest: "3".repeat(64) }]);
	});
});

describe("composefs missing-objects", () => {
	test("what no store has", () => {
		const { status, stdout } = composefs(["missing-objects", at("one"), at("two"), "--basedir", at("store")]);
		expect({ status, stdout }).toEqual({ status: 0, stdout: "aa/1\ncc/3\n" });
	});

	test("--basedir names one store, takes no image behind it for another, and may be repeated", () => {
		mkdirSync(at("other/aa"), { recursive: true });
		writeFileSync(at("other/aa/1"), "");
		const stores = ["--basedir", at("store"), "--basedir", at("other")];
		expect(composefs(["missing-objects", ...stores, at("one"), at("two")])).toEqual({
			status: 0,
			stdout: "cc/3\n",
			stderr: "",
		});
	});

	test("a store that is not there, or is a file, is an error: not every object is missing", () => {
		const missing = (store: string) => composefs(["missing-objects", "--basedir", at(store), at("one")]);
		expect(missing("none")).toMatchObject({
			status: 1,
			stdout: "",
			stderr: expect.stringMatching(/^composefs: ENOENT: .*none/),
		});
		expect(missing("one")).toMatchObject({ status: 2, stdout: "" });
	});

	test("--check ends with 3 if there are any", () => {
		const check = (...args: string[]) =>
			composefs(["missing-objects", "--check", "--basedir", at("store"), ...args]);
		expect(check(at("two"))).toEqual({ status: 3, stdout: "cc/3\n", stderr: "" });
		expect(check("--json", at("two"))).toMatchObject({ status: 3, stdout: expect.stringContaining("cc/3") });
		expect(check(at("two"), "--filter", "z")).toEqual({ status: 0, stdout: "", stderr: "" });
		expect(check(at("none"))).toMatchObject({ status: 1, stdout: "" });
	});

	test("needs a store", () => {
		expect(composefs(["missing-objects", at("one")]).status).toBe(2);
	});
});
