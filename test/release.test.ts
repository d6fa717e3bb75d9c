import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "@jest/globals";
import { runModule, runNode } from "./support/child.ts";
import { describeIf, findProgram, projectRoot } from "./support/needs.ts";
import { useTemporaryFolder } from "./support/temporary.ts";

const at = useTemporaryFolder();

const CHANGELOG = "# Changelog\n\n## Unreleased\n\n- What is new.\n\n## 0.1.0 (2026-01-01)\n\n- The first.\n";

describe("releaseChangelog", () => {
	const call = (changelog: string, version: string) => {
		const module = JSON.stringify(path.join(projectRoot, "scripts/changelog.mjs"));
		const args = [changelog, version, "2026-02-03"].map((text) => JSON.stringify(text)).join(", ");
		return runModule(`import { releaseChangelog } from ${module};
			try { process.stdout.write(releaseChangelog(${args})); } catch ({ message }) { console.log(message); }`)
			.stdout;
	};

	test("gives what was not released to the version, and keeps the rest", () => {
		expect(call(CHANGELOG, "0.2.0")).toBe(
			CHANGELOG.replace("## Unreleased\n", "## Unreleased\n\n## 0.2.0 (2026-02-03)\n"),
		);
	});

	test("has something to release, and no version twice", () => {
		expect(call(CHANGELOG, "0.1.0")).toBe("CHANGELOG.md has 0.1.0 already\n");
		expect(call("## Unreleased\n\n## 0.1.0 (x)\n", "0.2.0")).toBe(
			"CHANGELOG.md has nothing under Unreleased\n",
		);
	});
});

describe("release.mjs", () => {
	const run = (...args: string[]) => runNode([at("scripts/release.mjs"), ...args], { cwd: at() });

	/** A checkout of nothing but what a release looks at first. */
	function checkout(version: string, lock = version): void {
		mkdirSync(at("scripts"));
		for (const name of ["release.mjs", "changelog.mjs", "report.mjs"])
			cpSync(path.join(projectRoot, "scripts", name), at("scripts", name));
		writeFileSync(at("package.json"), JSON.stringify({ name: "composefs", version }));
		const packages = { "": { version: lock } };
		writeFileSync(at("package-lock.json"), JSON.stringify({ version: lock, packages }));
		writeFileSync(at("CHANGELOG.md"), CHANGELOG);
	}

	test("--check compares tag, package, lock and changelog", () => {
		checkout("0.1.0");
		expect(run("--check", "v0.1.0")).toMatchObject({ ended: 0, stderr: "" });
		expect(run("--check", "v0.2.0").stderr).toContain("v0.2.0 is not what package.json and its lock say");
		writeFileSync(at("CHANGELOG.md"), "## Unreleased\n");
		expect(run("--check", "v0.1.0").stderr).toContain("CHANGELOG.md says nothing of 0.1.0");
	});

	test("--check sees a lock of another version", () => {
		checkout("0.2.0", "0.1.0");
		expect(run("--check", "v0.2.0")).toMatchObject({ ended: 1, stderr: expect.stringContaining("0.1.0") });
	});

	test.each(["one", "1.0", ""])("refuses %j, which is no version, and changes nothing", (version) => {
		checkout("0.1.0");
		expect(run(version)).toMatchObject({
			ended: 1,
			stderr: expect.stringContaining("usage: npm run release"),
		});
		expect(readFileSync(at("CHANGELOG.md"), "utf8")).toBe(CHANGELOG);
	});

	describeIf("in a repository", findProgram("git"), "git is not on PATH", (git) => {
		test("refuses what does not come after the version that there is, and changes that are not committed", () => {
			checkout("0.1.0");
			spawnSync(git, ["init", "-q"], { cwd: at() });
			expect(run("0.0.9").stderr).toContain("0.0.9 does not come after 0.1.0");
			expect(run("0.2.0").stderr).toContain("there are changes that are not committed");
		});
	});
});
