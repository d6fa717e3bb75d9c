import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { describe, expect, test } from "@jest/globals";
import { Command, Option } from "commander";
import { completionScript } from "../../src/cli/completion.ts";
import { composefs } from "../support/cli.ts";
import { describeIf, findProgram } from "../support/needs.ts";
import { useTemporaryFolder } from "../support/temporary.ts";

const at = useTemporaryFolder();

function script(shell: string): string {
	const { status, stdout, stderr } = composefs(["completion", shell]);
	expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
	return stdout;
}

describe("completion", () => {
	test("of another shell is a usage error", () => {
		expect(composefs(["completion", "tcsh"])).toMatchObject({ status: 2, stdout: "" });
	});

	test("in zsh and fish, of commands, where one is the argument", () => {
		expect(script("zsh")).toMatch(/^\t\tmanual\) _arguments .*'\*:word:\(build .*manual.*\)' ;;$/m);
		expect(script("fish")).toMatch(/__fish_seen_subcommand_from manual' -f -a 'build .*manual.*'$/m);
	});

	test("in zsh and fish, what could be syntax stands as text", () => {
		const program = new Command("x");
		program.addCommand(
			new Command("y").description("it's a [test]: $(no)").addOption(new Option("-a", "b's [c]: \\")),
		);
		expect(completionScript("zsh", program)).toContain("'y:it'\\''s a [test]: $(no)'");
		expect(completionScript("zsh", program)).toContain("'*-a[b'\\''s \\[c\\]\\: \\\\]'");
		expect(completionScript("fish", program)).toContain("-a y -d 'it\\'s a [test]: $(no)'");
	});
});

describeIf("completion in bash", findProgram("bash"), "bash", (bash) => {
	/** What bash would offer for the last of these words. */
	function complete(...words: string[]): string[] {
		writeFileSync(at("script"), script("bash"));
		const code = `. "$0"; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _composefs; printf '%s\\n' "\${COMPREPLY[@]}"`;
		const { status, stdout, stderr } = spawnSync(bash, ["-c", code, at("script"), ...words], {
			encoding: "utf8",
		});
		expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
		return stdout.split("\n").filter((word) => word !== "");
	}

	test("of commands", () => {
		expect(complete("composefs", "d")).toEqual(["dump", "diff", "digest", "doctor"]);
		expect(complete("composefs", "")).toEqual(
			expect.arrayContaining(["build", "completion", "help", "--help"]),
		);
	});

	test("of options and their values", () => {
		expect(complete("composefs", "build", "--print")).toEqual(["--print-digest", "--print-digest-only"]);
		expect(complete("composefs", "build", "--from", "d")).toEqual(["directory", "dump"]);
		expect(complete("composefs", "completion", "")).toEqual(expect.arrayContaining(["bash", "zsh", "fish"]));
		expect(complete("composefs", "help", "umo")).toEqual(["umount"]);
	});

	test("of commands, where one is the argument", () => {
		expect(complete("composefs", "manual", "umo")).toEqual(["umount"]);
		expect(complete("composefs", "manual", "")).toEqual(expect.arrayContaining(["build", "manual"]));
		expect(complete("composefs", "manual", "")).not.toContain("--help");
	});

	test("of options begins with their dash", () => {
		expect(complete("composefs", "ls", "-")).toEqual(expect.arrayContaining(["--filter", "--json"]));
		expect(complete("composefs", "ls", "")).toEqual([]);
		expect(complete("composefs", "ls", "--json", "")).toEqual([]);
	});

	test("of files is left to bash", () => {
		expect(complete("composefs", "build", "--store", "obj")).toEqual([]);
		expect(complete("composefs", "ls", "root")).toEqual([]);
	});
});

describe.each(["zsh", "fish"])("completion in %s", (shell) => {
	describeIf(`${shell} itself`, findProgram(shell), shell, (program) => {
		test("is a program of that shell", () => {
			writeFileSync(at("script"), script(shell));
			expect(spawnSync(program, ["-n", at("script")], { encoding: "utf8" })).toMatchObject({
				status: 0,
				stderr: "",
			});
		});
	});
});
