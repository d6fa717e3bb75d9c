import { spawnSync } from "node:child_process";
import { expect, test } from "@jest/globals";
import { fromDirectory } from "../../src/directory/index.ts";
import type { FromDirectoryOptions } from "../../src/directory/options.ts";
import { writeImage } from "../../src/write.ts";
import { fillFolder, inFolder, isRoot } from "../support/folder.ts";
import { describeIf, findProgram } from "../support/needs.ts";
import { useTemporaryFolder } from "../support/temporary.ts";

describeIf("mkcomposefs", findProgram("mkcomposefs"), "mkcomposefs is not on PATH", (mkcomposefs) => {
	const at = useTemporaryFolder();

	function theirs(folder: string, ...flags: string[]): string {
		const args = ["--print-digest-only", ...flags, folder];
		const { status, stdout, stderr } = spawnSync(mkcomposefs, args, { encoding: "utf8" });
		expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
		return stdout.trim();
	}

	async function ours(folder: string, options: FromDirectoryOptions = {}): Promise<string> {
		const tree = await fromDirectory(folder, { breakHardLinks: true, ...options });
		return (await writeImage(tree, { digestOnly: true })).digest;
	}

	test.each<[string, FromDirectoryOptions, string[]]>([
		["as it is", {}, []],
		["--use-epoch", { useEpoch: true }, ["--use-epoch"]],
		["--skip-devices", { skipDevices: true }, ["--skip-devices"]],
		["--skip-xattrs", { skipXattrs: true }, ["--skip-xattrs"]],
		["--user-xattrs", { userXattrs: true }, ["--user-xattrs"]],
		[
			"--use-epoch --user-xattrs --skip-devices",
			{ useEpoch: true, userXattrs: true, skipDevices: true },
			["--use-epoch", "--user-xattrs", "--skip-devices"],
		],
	])("makes the same image of a folder with everything, %s", async (_title, options, flags) => {
		fillFolder(at());
		expect(await ours(at(), options)).toBe(theirs(at(), ...flags));
	});

	// What an ordinary user may not read stops both.
	test.each(isRoot ? ["/etc", "/usr/bin"] : ["/usr/bin"])("makes the same image of %s", async (folder) => {
		expect(await ours(folder)).toBe(theirs(folder));
	});

	test("makes the same image of many names in one folder, in no order", async () => {
		inFolder(at(), "for i in range(5000): write(f'{i * 7919 % 5000:x}', b'%d' % i * (i % 40))");
		expect(await ours(at())).toBe(theirs(at()));
	});
});
