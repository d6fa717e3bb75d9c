import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { runNode } from "./support/child.ts";
import { projectRoot } from "./support/needs.ts";

/** What users get: the tarball of this checkout, installed by npm, without a registry. */
describe("the package, installed", () => {
	let folder: string;
	const user = () => path.join(folder, "user");
	const installed = () => path.join(user(), "node_modules/composefs");

	beforeAll(() => {
		folder = mkdtempSync(path.join(tmpdir(), "composefs-test-"));
		const module = path.join(projectRoot, "scripts/install-package.mjs");
		const code = `
			import { install, lendAddon, pack } from ${JSON.stringify(module)};
			lendAddon(install(pack(${JSON.stringify(projectRoot)}, process.argv[1]), process.argv[2]));`;
		const { ended, stderr } = runNode(["--input-type=module", "--eval", code, folder, user()]);
		expect({ ended, stderr }).toEqual({ ended: 0, stderr: "" });
	});
	afterAll(() => rmSync(folder, { recursive: true, force: true }));

	test("has entries for import and require(), types, a command", () => {
		const { ended, stdout, stderr } = runNode(["scripts/use-package.mjs", user()]);
		expect({ ended, stderr }).toEqual({ ended: 0, stderr: "" });
		expect(stdout).toMatch(/^\d+ entries by import and require\(\), types in 3 ways, composefs \d/);
	});

	test("has no script that npm runs", () => {
		const { scripts, gypfile } = JSON.parse(readFileSync(path.join(installed(), "package.json"), "utf8"));
		const names = ["preinstall", "install", "postinstall", "prepare", "prepack", "prebuild"];
		expect([names.filter((name) => name in scripts), gypfile]).toEqual([[], false]);
		expect(existsSync(path.join(installed(), "build"))).toBe(false);
	});

	test("can be built from its source: what that takes is in it", () => {
		const gyp = readFileSync(path.join(installed(), "binding.gyp"), "utf8");
		const sources = Array.from(gyp.matchAll(/"(native\/[^"]+)"/g), ([, name]) => name as string);
		expect(sources.length).toBeGreaterThan(20);
		for (const file of [...sources, "scripts/tune-archive.mjs", "scripts/private-apt.mjs", "NOTICE"])
			expect(existsSync(path.join(installed(), file))).toBe(true);
		const code = "import('./node_modules/composefs/scripts/build-addon.mjs')";
		expect(runNode(["--eval", code], { cwd: user() })).toEqual({ ended: 0, stdout: "", stderr: "" });
	});

	test("without a binary, is imported all the same; the first use says what to do", () => {
		writeFileSync(
			path.join(user(), "without.mjs"),
			`import { Tree, writeImage } from "composefs";
			import { formatDump } from "composefs/dump";
			console.log(formatDump(new Tree()).length > 0);
			await writeImage(new Tree()).catch(({ code, message }) => console.log(code, message));`,
		);
		rmSync(path.join(installed(), "prebuilds"), { recursive: true });
		const { stdout, stderr } = runNode(["without.mjs"], { cwd: user(), env: { COMPOSEFS_PREBUILD: "" } });
		expect(stderr).toBe("");
		expect(stdout).toMatch(
			/^true\nERR_COMPOSEFS_UNSUPPORTED composefs has no addon for .*; build it with: cd /,
		);
		const named = runNode(["without.mjs"], { cwd: user(), env: { COMPOSEFS_PREBUILD: projectRoot } });
		expect(named).toEqual({ ended: 0, stdout: "true\n", stderr: "" });
	});
});
