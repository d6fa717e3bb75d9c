import { readFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "@jest/globals";
import { parseDump } from "../../src/dump/parse.ts";
import { imageInfo } from "../../src/image/info.ts";
import { openImage } from "../../src/image/open.ts";
import { readImage } from "../../src/image/read.ts";
import { writeImage } from "../../src/write.ts";
import { DamagedImage, expectRule } from "../support/damaged-image.ts";
import { listing } from "../support/listing.ts";

// fixtures/README.md says how the image was made.
const fixture = (name: string) => path.join(__dirname, "fixtures", name);
const IMAGE = fixture("composefs-rs-v2.img");

describe("an image of composefs-rs, version 2", () => {
	test("is the tree it was made of", async () => {
		const expected = await parseDump(readFileSync(fixture("composefs-rs-v2.dump")));
		const tree = await readImage(IMAGE);
		expect(listing(tree)).toEqual(listing(expected));
		expect((await writeImage(tree)).digest).toBe((await writeImage(expected)).digest);
	});

	test("has a whiteout as it is, and none that was added", async () => {
		expect(await imageInfo(IMAGE)).toMatchObject({ version: 2, buildTimeNs: 0n, inodeCount: 94 });
		const image = await openImage(IMAGE);
		expect(await image.stat("/upper/gone")).toMatchObject({ type: "character-device", mode: 0o600 });
		expect((await image.readdir("/")).map(({ name }) => name)).not.toContain("00");
		await image.close();
	});

	test("of SHA-512 is refused: a tree has no place for such digests", async () => {
		await expectRule(new DamagedImage(readFileSync(IMAGE)), "metacopy", ({ bytes }) => {
			const value = bytes.indexOf("overlay.metacopy") + "overlay.metacopy".length;
			bytes.writeUInt8(2, value + 3);
			return value;
		});
	});
});
