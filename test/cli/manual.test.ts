import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "@jest/globals";
import { Command } from "commander";
import { COMMANDS } from "../../src/cli/commands.ts";
import { manualPage } from "../../src/cli/manual.ts";
import { composefs } from "../support/cli.ts";
import { describeIf, findProgram, projectRoot } from "../support/needs.ts";

/** As lines of a page are written. */
function asRoff(line: string): string {
	const hex = (character: string) =>
		(character.codePointAt(0) as number).toString(16).toUpperCase().padStart(4, "0");
	return line
		.replaceAll("\\", "\\e")
		.replaceAll("-", "\\-")
		.replaceAll(/[^ -~]/gu, (character) => `\\[u${hex(character)}]`);
}

const manifest = JSON.parse(readFileSync(path.join(projectRoot, "package.json"), "utf8"));

describe("manual", () => {
	test("of a command has what its help has", () => {
		const { status, stdout } = composefs(["manual", "mount"]);
		expect(status).toBe(0);
		expect(stdout).toContain(".SH NAME\ncomposefs\\-mount \\- mount an image");
		expect(stdout).toContain(".SH OPTIONS OF \\-O\n.nf\n");
		expect(stdout).toMatch(/\.SH EXAMPLES\n\.nf\n {2}composefs mount \\-o basedir=/);
	});

	test("loses no text that stands behind the help", async () => {
		for (const [name, load] of COMMANDS) {
			const command = await load();
			const pieces: string[] = [];
			command.configureOutput({ writeOut: (piece) => pieces.push(piece) }).outputHelp();
			const lines = pieces.join("").slice(command.helpInformation().length).split("\n");
			const page = manualPage(command).toLowerCase();
			const lost = lines.filter(
				(line) => !page.includes(asRoff(line.replace(/^(\S.*):$/, "$1")).toLowerCase()),
			);
			expect([name, lost]).toEqual([name, []]);
		}
	});

	test("of no command is a usage error", () => {
		expect(composefs(["manual", "bogus"])).toMatchObject({ status: 2, stdout: "" });
	});

	test("text stays text", () => {
		const page = manualPage(new Command("x").description("a\\b").option("-y", ".TH is\n'no macro"));
		expect(page).toContain("x \\- a\\eb");
		expect(page).toContain("\\&.TH is\n.br\n\\&'no macro");
	});

	test("the package has a page for each command", () => {
		const pages = Array.from(composefs(["manual"]).stdout.matchAll(/^\.BR (\S+) \(1\)/gm), ([, name]) =>
			`man/${name}.1`.replaceAll("\\-", "-"),
		);
		expect([...manifest.man].sort()).toEqual(["man/composefs.1", ...pages].sort());
	});
});

describeIf("manual pages", findProgram("groff"), "groff", (groff) => {
	test.each(["build", "mount", "doctor"])("%s is roff without a warning", (command) => {
		const input = composefs(["manual", command]).stdout;
		const result = spawnSync(groff, ["-man", "-Tutf8", "-ww"], { input, encoding: "utf8" });
		expect({ status: result.status, stderr: result.stderr }).toEqual({ status: 0, stderr: "" });
		expect(result.stdout.replaceAll(/.[\b]/g, "")).toContain("EXAMPLES");
	});
});
