import {
	chmodSync,
	cpSync,
	linkSync,
	mkdirSync,
	readdirSync,
	rmSync,
	utimesSync,
	writeFileSync,
} from "node:fs";
import { describe, expect, test } from "@jest/globals";
import { compareFolders } from "../examples/compare.ts";
import { fromDirectory } from "../src/directory/index.ts";
import { runNode } from "./support/child.ts";
import { useTemporaryFolder } from "./support/temporary.ts";

const at = useTemporaryFolder();

describe("compareFolders", () => {
	function twoFolders(): void {
		mkdirSync(at("a/d"), { recursive: true });
		writeFileSync(at("a/d/file"), "content");
		writeFileSync(at("a/other"), "content");
		cpSync(at("a"), at("b"), { recursive: true, preserveTimestamps: true });
		for (const name of ["a", "b"])
			for (const path of ["d/file", "other", "d", ""]) utimesSync(at(name, path), 1000, 1000);
	}
	const differences = async () => (await compareFolders(at("a"), at("b"))).differences;

	test("finds nothing where nothing differs", async () => {
		twoFolders();
		const trees = [await fromDirectory(at("a")), await fromDirectory(at("b"))] as const;
		expect(await compareFolders(at("a"), at("b"), { trees: trees as never })).toEqual({
			differences: [],
			compared: 4,
		});
	});

	test.each<[string, () => void, string]>([
		["content", () => writeFileSync(at("b/other"), "CONTENT"), "/other: another content"],
		["a mode", () => chmodSync(at("b/d/file"), 0o600), "/d/file: mode 33188, not 33152"],
		["a missing file", () => rmSync(at("b/other")), "/: 2 names, not 1"],
	])("finds %s", async (_title, change, expected) => {
		twoFolders();
		change();
		for (const path of ["d/file", "other", "d", ""])
			try {
				utimesSync(at("b", path), 1000, 1000);
			} catch {}
		expect(await differences()).toContain(expected);
	});

	test("finds a link that is none", async () => {
		twoFolders();
		linkSync(at("a/other"), at("a/x"));
		writeFileSync(at("b/x"), "content");
		for (const path of ["a/x", "b/x", "a", "b"]) utimesSync(at(path), 1000, 1000);
		expect(await differences()).toEqual([
			expect.stringMatching(/^\/(x|other): is no link to the same file$/),
		]);
	});
});

test("the demo builds an image and a store of a directory", () => {
	mkdirSync(at("source"));
	writeFileSync(at("source/large"), "x".repeat(1000));
	const { ended, stdout } = runNode(["build/programs/examples/demo.js", at("source")], {
		env: { TMPDIR: at() },
	});
	expect(ended).toBe(0);
	expect(stdout).toMatch(/1 object\n/);
	expect(stdout).toMatch(/digest {4}[0-9a-f]{64} /);
	const [, left = ""] = /^Image and store stay in (.*), until/m.exec(stdout) ?? [];
	expect(readdirSync(left).sort()).toEqual(expect.arrayContaining(["image.cfs", "objects"]));
});

test.each([
	[0, ["--help"]],
	[2, ["--bogus"]],
	[1, ["/nonexistent"]],
	[1, [process.execPath]],
])("the demo ends with %d, and no stack trace, for %s", (status, args) => {
	const { ended, stdout, stderr } = runNode(["build/programs/examples/demo.js", ...args], {
		env: { TMPDIR: at() },
	});
	expect(ended).toBe(status);
	expect(stdout + stderr).toMatch(status === 1 ? /^demo: .*\n$/ : /^usage: npm run demo/);
	expect(readdirSync(at())).toEqual([]);
});
