import { execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { open } from "node:fs/promises";
import path from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { describe, expect, test } from "@jest/globals";
import { COMMANDS } from "../../src/cli/commands.ts";
import { composefs, program } from "../support/cli.ts";
import { projectRoot } from "../support/needs.ts";
import { useTemporaryFolder } from "../support/temporary.ts";

const manifest = JSON.parse(readFileSync(path.join(projectRoot, "package.json"), "utf8"));

describe("composefs", () => {
	test("--version", () => {
		const { status, stdout, stderr } = composefs(["--version"]);
		expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
		expect(stdout.split("\n")[0]).toBe(manifest.version);
		expect(composefs(["-V"]).stdout).toBe(stdout);
	});

	test("--help goes to stdout, and names every command", () => {
		const { status, stdout } = composefs(["--help"]);
		expect(status).toBe(0);
		for (const command of ["build", "digest"]) expect(stdout).toMatch(new RegExp(`^  ${command} `, "m"));
	});

	test.each([[], ...[...COMMANDS.keys()].map((name) => [name])])("%s --help has examples", (...command) => {
		const { status, stdout } = composefs([...command, "--help"]);
		expect(status).toBe(0);
		expect(stdout).toContain(`Examples:\n  `);
	});

	test.each([
		["no command", []],
		["an unknown command", ["bogus"]],
		["an unknown option", ["digest", "--bogus", "x"]],
		["a missing argument", ["digest"]],
		["an argument too many", ["diff", "a", "b", "c"]],
	])("%s is a usage error", (_title, args) => {
		const { status, stdout, stderr } = composefs(args);
		expect({ status, stdout }).toEqual({ status: 2, stdout: "" });
		expect(stderr).not.toBe("");
	});

	test("a reader that has read enough is no error", () => {
		const command = `"${process.execPath}" "${program}" --help | true; exit "\${PIPESTATUS[0]}"`;
		expect(spawnSync("bash", ["-c", command], { encoding: "utf8" })).toMatchObject({ status: 0, stderr: "" });
	});
});

const at = useTemporaryFolder();

/** Whether a process has a file open. */
function hasOpen(pid: number, file: string): boolean {
	const folder = `/proc/${pid}/fd`;
	return readdirSync(folder).some((fd) => {
		try {
			return readlinkSync(`${folder}/${fd}`) === file;
		} catch {
			return false; // closed meanwhile
		}
	});
}

test("bug: one signal did not end a command that reads a fifo whose writer is silent", async () => {
	execFileSync("mkfifo", [at("fifo")]);
	const writer = await open(at("fifo"), "r+");
	const child = spawn(process.execPath, [program, "build", "--from", "dump", at("fifo"), at("image")]);
	while (!hasOpen(child.pid as number, at("fifo"))) await pause(10);
	child.kill("SIGTERM");
	await once(child, "exit");
	await writer.close();
	expect(readdirSync(at())).toEqual(["fifo"]);
}, 30_000);
