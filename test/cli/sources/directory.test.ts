import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { beforeEach, describe, expect, test } from "@jest/globals";
import { readImage } from "../../../src/image/index.ts";
import { composefs, program } from "../../support/cli.ts";
import { fillFolder } from "../../support/folder.ts";
import { describeIf, findProgram } from "../../support/needs.ts";
import { useTemporaryFolder } from "../../support/temporary.ts";

const at = useTemporaryFolder();

beforeEach(() => {
	mkdirSync(at("source"));
	fillFolder(at("source"));
});

/** Paths of the objects of a store. */
function objects(store: string): string[] {
	return readdirSync(store, { recursive: true, encoding: "utf8" })
		.filter((path) => /^[0-9a-f]{2}\/[0-9a-f]{62}$/.test(path))
		.sort();
}

describe("composefs build of a directory", () => {
	test("says that a store is in the source, whose objects become files of the image", () => {
		symlinkSync(at("source"), at("link"));
		for (const store of [at("source"), at("source", "new"), at("link", "store"), at("source", "..dots")]) {
			const { status, stderr } = composefs(["build", "--store", store, at("source"), at("image")]);
			const warning = `the store ${store} is in ${at("source")}: its objects are files of the image`;
			expect([status, stderr]).toEqual([0, `composefs: warning: ${warning}\n`]);
		}
	});

	test("into a store", () => {
		const { status, stdout, stderr } = composefs([
			"build",
			"--store",
			at("store"),
			at("source"),
			at("image"),
		]);
		expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: "", stderr: "" });
		const wanted = composefs(["objects", at("image")])
			.stdout.trim()
			.split("\n");
		expect(objects(at("store"))).toEqual(wanted);
		const missing = composefs(["missing-objects", "--basedir", at("store"), at("image")]);
		expect(missing).toEqual({ status: 0, stdout: "", stderr: "" });
	});

	test("later times become SOURCE_DATE_EPOCH", async () => {
		const env = { ...process.env, SOURCE_DATE_EPOCH: "1500000000" };
		expect(composefs(["build", at("source"), at("image")], { env }).status).toBe(0);
		for (const { inode } of (await readImage(at("image"))).walk())
			expect(inode.mtimeNs).toBeLessThanOrEqual(1_500_000_000_000_000_000n);
		const wrong = composefs(["build", at("source"), at("other")], {
			env: { ...env, SOURCE_DATE_EPOCH: "now" },
		});
		expect(wrong).toMatchObject({ status: 2, stderr: expect.stringContaining("SOURCE_DATE_EPOCH is now") });
		expect(existsSync(at("other"))).toBe(false);
	});

	test.each([
		["an option for another kind of source", ["--from", "dump", "--use-epoch"], "--use-epoch makes no sense"],
		["no threads", ["--threads", "0"], "--threads is 0"],
		["attributes that exclude each other", ["--skip-xattrs", "--user-xattrs"], "exclude each other"],
		["two stores", ["--store", "a", "--digest-store", "b"], "are the same"],
		["an unknown policy", ["--on-changed", "ignore"], "Allowed choices are"],
	])("%s is a usage error", (_title, args, message) => {
		const result = composefs(["build", ...args, at("source"), at("image")]);
		expect(result.status).toBe(2);
		expect(result.stderr).toContain(message);
	});

	test("a file that cannot be one is named", () => {
		writeFileSync(at("file"), "");
		const result = composefs(["build", "--from", "directory", at("file"), at("image")]);
		expect(result).toMatchObject({ status: 1, stderr: expect.stringContaining("ENOTDIR") });
	});

	test("SIGINT leaves neither image nor unfinished files", async () => {
		for (let i = 0; i < 60; i++) writeFileSync(at("source", `big-${i}`), Buffer.alloc(8 << 20, i));
		const child = spawn(process.execPath, [
			program,
			"build",
			"--store",
			at("store"),
			at("source"),
			at("image"),
		]);
		while (!existsSync(at("store"))) await new Promise((resolve) => setTimeout(resolve, 10));
		child.kill("SIGINT");
		const [status] = await once(child, "close");
		expect(status).toBe(130);
		expect(existsSync(at("image"))).toBe(false);
		const files = readdirSync(at("store"), { recursive: true, withFileTypes: true }).filter((it) =>
			it.isFile(),
		);
		// Digests are remembered once files are two seconds old: on a slow machine these are.
		const ofStores = /^([0-9a-f]{62}|\.lock|\.digests)$/;
		expect(files.map(({ name }) => name).filter((name) => !ofStores.test(name))).toEqual([]);
	});
});

describeIf("mkcomposefs", findProgram("mkcomposefs"), "mkcomposefs is not on PATH", (mkcomposefs) => {
	test("has the same options, image and store", () => {
		const options = ["--use-epoch", "--skip-devices", "--user-xattrs", "--threads=2", "--print-digest"];
		const theirs = [...options, `--digest-store=${at("theirs")}`, at("source"), at("theirs.cfs")];
		const { status, stdout } = spawnSync(mkcomposefs, theirs, { encoding: "utf8" });
		expect(status).toBe(0);
		const ours = [
			...options,
			"--digest-store",
			at("ours"),
			"--break-hard-links",
			at("source"),
			at("ours.cfs"),
		];
		expect(composefs(["build", ...ours])).toEqual({ status: 0, stdout, stderr: "" });
		expect(readFileSync(at("ours.cfs")).equals(readFileSync(at("theirs.cfs")))).toBe(true);
		expect(objects(at("ours"))).toEqual(objects(at("theirs")));
		for (const path of objects(at("ours")))
			expect(readFileSync(at("ours", path)).equals(readFileSync(at("theirs", path)))).toBe(true);
	});
});
