import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readdirSync, renameSync, symlinkSync, writeFileSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { beforeEach, describe, expect, test } from "@jest/globals";
import { Tree } from "../../src/tree.ts";
import { writeImage } from "../../src/write.ts";
import { composefs } from "../support/cli.ts";
import { projectRoot } from "../support/needs.ts";
import { useTemporaryFolder } from "../support/temporary.ts";

const at = useTemporaryFolder();
const program = path.join(projectRoot, "lib/cli/main.js");
const garbage = `aa/${"b".repeat(62)}`;

beforeEach(async () => {
	await writeImage(new Tree(), { to: at("image") });
	mkdirSync(at("store/aa"), { recursive: true });
	writeFileSync(at("store", garbage), "text");
});

describe("composefs gc", () => {
	test("--dry-run lists, without it removes", () => {
		const dry = composefs(["gc", "--store", at("store"), "--dry-run", at("image")]);
		expect(dry).toMatchObject({ status: 0, stderr: "" });
		expect(dry.stdout.split("\n")[0]).toBe(garbage);
		expect(existsSync(at("store", garbage))).toBe(true);
		const [, told = ""] = /\nwould remove (.*\n)$/.exec(dry.stdout) ?? [];
		expect(told).toMatch(/^1 object of \d+ bytes, 0 unfinished; 0 objects are needed\n$/);
		expect(composefs(["gc", "--store", at("store"), at("image")])).toEqual({
			...dry,
			stdout: `${garbage}\nremoved ${told}`,
		});
		expect(existsSync(at("store", garbage))).toBe(false);
	});

	test("tells one object from several", async () => {
		const tree = new Tree();
		tree.writeFile("/f", { size: 4, path: garbage });
		await writeImage(tree, { to: at("image") });
		expect(composefs(["gc", "--store", at("store"), at("image")]).stdout).toBe(
			"removed 0 objects of 0 bytes, 0 unfinished; 1 object is needed\n",
		);
	});

	test("of a folder, every file in it is an image", async () => {
		const tree = new Tree();
		tree.writeFile("/f", { size: 4, path: garbage });
		mkdirSync(at("images/deep"), { recursive: true });
		await writeImage(tree, { to: at("images/deep/image") });
		expect(composefs(["gc", "--store", at("store"), at("images")]).stdout).toContain("1 object is needed");
		writeFileSync(at("images/other"), "no image");
		const refused = composefs(["gc", "--store", at("store"), at("images")]);
		expect(refused).toMatchObject({ status: 1, stderr: expect.stringContaining(at("images/other")) });
		mkdirSync(at("none"));
		expect(composefs(["gc", "--store", at("store"), at("none")])).toMatchObject({
			status: 2,
			stderr: expect.stringContaining("there is no image in it"),
		});
		expect(existsSync(at("store", garbage))).toBe(true);
	});

	test("bug: of a folder with the store in it, the objects were images too", async () => {
		mkdirSync(at("all"));
		renameSync(at("store"), at("all/store"));
		renameSync(at("image"), at("all/image"));
		symlinkSync(at("all/store"), at("link"));
		for (const store of ["all/store", "link"])
			expect(composefs(["gc", "--dry-run", "--store", at(store), at("all")])).toMatchObject({
				status: 0,
				stdout: expect.stringMatching(/^would remove 1 object of /m),
			});
		expect(composefs(["gc", "--store", at("all/store"), at("all/store")])).toMatchObject({
			status: 2,
			stderr: expect.stringContaining("there is no image in it"),
		});
	});

	test("an image in the store's own folder counts", async () => {
		const tree = new Tree();
		tree.writeFile("/f", { size: 4, path: garbage });
		await writeImage(tree, { to: at("store/image") });
		for (const folder of ["store", ""])
			expect(composefs(["gc", "--store", at("store"), at(folder)]).stdout).toContain("1 object is needed");
	});

	test("bug: it took the objects of an image that a build was about to write", async () => {
		mkdirSync(at("source"));
		writeFileSync(at("source/file"), Buffer.alloc(5000, 1));
		execFileSync("mkfifo", [at("fifo")]);
		// Writing an image to a fifo waits for who reads it.
		const build = spawn(process.execPath, [program, "build", "--store", at("st"), at("source"), at("fifo")]);
		const objects = () =>
			existsSync(at("st")) ? readdirSync(at("st")).filter((name) => /^..$/.test(name)) : [];
		while (objects().length === 0) await pause(10);
		await pause(200);
		expect(composefs(["gc", "--store", at("st"), at("image")])).toMatchObject({
			status: 1,
			stderr: expect.stringContaining("others are writing"),
		});
		const image = await readFile(at("fifo"));
		await once(build, "exit");
		await writeFile(at("new"), image);
		expect(composefs(["gc", "--store", at("st"), at("new")]).stdout).toContain("removed 0 objects");
	});

	test("--json", () => {
		const { stdout } = composefs(["gc", "--store", at("store"), "--json", at("image")]);
		expect(JSON.parse(stdout)).toMatchObject({
			removed: [{ path: garbage, size: 4 }],
			kept: 0,
			leftovers: [],
		});
	});

	test("needs a store that is there, and an image", () => {
		expect(composefs(["gc", at("image")]).status).toBe(2);
		expect(composefs(["gc", "--store", at("store")]).status).toBe(2);
		expect(composefs(["gc", "--store", at("none"), at("image")])).toMatchObject({ status: 1 });
		expect(existsSync(at("none"))).toBe(false);
	});
});
