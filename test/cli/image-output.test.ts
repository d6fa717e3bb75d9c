import { existsSync, symlinkSync } from "node:fs";
import { expect, test } from "@jest/globals";
import { Command } from "commander";
import { UsageError } from "../../src/cli/exit.ts";
import {
	addVersionOptions,
	checkCanBeMade,
	checkVersions,
	writeTree,
	writtenToJson,
} from "../../src/cli/image-output.ts";
import { Tree } from "../../src/tree.ts";
import { useTemporaryFolder } from "../support/temporary.ts";

const at = useTemporaryFolder();
const parse = (...args: string[]) => {
	const options = addVersionOptions(new Command()).parse(args, { from: "user" }).opts();
	return options as { minVersion: number; maxVersion: number };
};

test("versions are 0 or 1, and in order", () => {
	expect(parse()).toEqual({ minVersion: 0, maxVersion: 1 });
	checkVersions(parse("--min-version", "1"));
	for (const args of [
		["--min-version", "2"],
		["--max-version", ""],
		["--min-version", "1", "--max-version", "0"],
	])
		expect(() => checkVersions(parse(...args))).toThrow(UsageError);
});

test("an image goes to a file, or nowhere", async () => {
	const { signal } = new AbortController();
	const nowhere = await writeTree(new Tree(), undefined, parse("--min-version", "1"), signal);
	const written = await writeTree(new Tree(), at("image"), parse("--min-version", "1"), signal);
	expect(nowhere).toMatchObject({ digest: written.digest, version: 1 });
	expect(existsSync(at("image"))).toBe(true);
});

test("the folder of a new image is asked for; what is there is left to writing", async () => {
	symlinkSync(at("none/image"), at("link"));
	for (const to of [undefined, "-", "image.cfs", at("new"), at(), at("link"), "/dev/null"])
		await checkCanBeMade(to);
	await expect(checkCanBeMade(at("none/image"))).rejects.toMatchObject({ code: "ENOENT", path: at("none") });
});

test("as JSON, what was written has its warnings, and no bytes", () => {
	const warnings = [{ code: "WHITEOUT_LISTED", path: "/w", message: "…" }] as const;
	const written = { digest: "ab", size: 1, version: 0, warnings, image: Buffer.alloc(1) };
	expect(writtenToJson(undefined, written)).toEqual({ digest: "ab", size: 1, version: 0, warnings });
	expect(writtenToJson("-", written)).toMatchObject({ image: "-" });
});
