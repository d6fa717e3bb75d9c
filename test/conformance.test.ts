import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { gunzipSync } from "node:zlib";
import { describe, expect, test } from "@jest/globals";
import { formatDump } from "../src/dump/format.ts";
import { parseDump } from "../src/dump/parse.ts";
import type { Tree } from "../src/tree.ts";
import { writeImage } from "../src/write.ts";
import { describeIf, projectRoot, sharedFolder } from "./support/needs.ts";

// Dumps of libcomposefs's own tests and of real systems. Beside each stands the SHA-256 of the image that
// mkcomposefs 1.0.8 makes of it, and in .version the format version, where it is not left to mkcomposefs.

function readDump(file: string): Buffer {
	const bytes = readFileSync(file);
	return file.endsWith(".gz") ? gunzipSync(bytes) : bytes;
}

async function imageHash(tree: Tree, version: number | undefined): Promise<string> {
	const versions = version === undefined ? {} : { minVersion: version, maxVersion: version };
	const { image } = await writeImage(tree, versions);
	return createHash("sha256").update(image).digest("hex");
}

async function expectSameImages(file: string): Promise<void> {
	const expected = readFileSync(`${file}.sha256`, "utf8").trim();
	const version = existsSync(`${file}.version`) ? Number(readFileSync(`${file}.version`, "utf8")) : undefined;
	const tree = await parseDump(readDump(file));
	expect(await imageHash(tree, version)).toBe(expected);
	expect(await imageHash(await parseDump(formatDump(tree)), version)).toBe(expected);
}

describe("a whole system", () => {
	test("gives the image that mkcomposefs gives, also after a round trip through our dump", async () => {
		await expectSameImages(path.join(projectRoot, "test/fixtures/debian-12.dump.gz"));
	});
});

describeIf("conformance", sharedFolder, "there is no folder of conformance dumps", (shared) => {
	const folder = path.join(shared ?? "", "conformance");
	const dumps = shared === undefined ? [] : readdirSync(folder).filter((file) => /\.dump(\.gz)?$/.test(file));
	const [bad, good] = [true, false].map((fails) =>
		dumps.filter((file) => file.startsWith("should-fail-") === fails),
	) as [string[], string[]];

	test("there are dumps of both kinds", () => {
		expect(good.length).toBeGreaterThan(5);
		expect(bad.length).toBeGreaterThan(5);
	});

	for (const file of good)
		test(`${file} gives the image that mkcomposefs gives`, () => expectSameImages(path.join(folder, file)));

	for (const file of bad)
		test(`${file} is refused, and the line named`, async () => {
			const text = readDump(path.join(folder, file));
			const refused = await parseDump(text).catch((error) => error);
			expect(refused).toMatchObject({
				code: "ERR_COMPOSEFS_DUMP",
				message: expect.stringMatching(/^line \d: /),
			});
			expect(refused.line).toBe(text.toString().trimEnd().split("\n").length);
		});
});
