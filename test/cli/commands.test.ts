import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "@jest/globals";
import { COMMANDS, loadCommands } from "../../src/cli/commands.ts";
import { composefs } from "../support/cli.ts";
import { projectRoot } from "../support/needs.ts";
import { useTemporaryFolder } from "../support/temporary.ts";

const at = useTemporaryFolder();

/** The modules of this package that a run loaded: V8 reports coverage of all of them. */
function modulesOf(...args: string[]): string[] {
	const folder = at(`coverage-${args.join("-").replaceAll("/", "_")}`);
	const { status, stderr } = composefs(args, { env: { ...process.env, NODE_V8_COVERAGE: folder } });
	expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
	const [report = ""] = readdirSync(folder);
	const { result } = JSON.parse(readFileSync(path.join(folder, report), "utf8"));
	const lib = path.join(projectRoot, "lib/");
	return result
		.map(({ url }: { url: string }) => (url.startsWith("file:") ? fileURLToPath(url) : ""))
		.filter((file: string) => file.startsWith(lib))
		.map((file: string) => file.slice(lib.length, -".js".length));
}

const folderOf = (module: string) => module.split("/")[0];

describe("what a command line loads", () => {
	test.each([...COMMANDS.keys()])("%s is the command of that name", async (name) => {
		const load = COMMANDS.get(name);
		expect((await load?.())?.name()).toBe(name);
	});

	test("a command alone, where it is named; all for help", async () => {
		expect((await loadCommands(["dump", "--help"])).map((command) => command.name())).toEqual(["dump"]);
		expect(await loadCommands(["--version"])).toEqual([]);
		for (const argv of [[], ["--help"], ["help", "dump"], ["bogus"], ["completion", "bash"], ["manual"]])
			expect((await loadCommands(argv)).length).toBe(COMMANDS.size);
	});

	test("for the version: no command", () => {
		const modules = modulesOf("--version");
		expect(modules).toEqual(expect.arrayContaining(["cli/main", "cli/commands", "cli/version", "native"]));
		expect(modules.length).toBeLessThan(12);
	});

	test("for dump: neither the addon nor what other commands need", () => {
		composefs(["build", "-", at("image")], { input: "/ 0 40755 2 0 0 0 0.0 - - -\n" });
		const modules = modulesOf("dump", at("image"));
		expect(modules).toEqual(expect.arrayContaining(["cli/dump", "image/superblock", "dump/escape"]));
		expect(new Set(modules.map(folderOf))).not.toContain("native");
		for (const folder of ["oci", "toc", "tar", "store", "directory", "mount"])
			expect(modules.map(folderOf)).not.toContain(folder);
		expect(modules.filter((module) => module.startsWith("cli/")).length).toBeLessThan(9);
	});

	test("for a directory's image: nothing of layers, archives and registries", () => {
		const modules = modulesOf("build", path.join(projectRoot, "test/fixtures"), at("image"));
		expect(modules).toEqual(expect.arrayContaining(["directory/from-directory", "write"]));
		for (const folder of ["oci", "toc", "tar", "mount", "dump"])
			expect(modules.map(folderOf)).not.toContain(folder);
	});
});
