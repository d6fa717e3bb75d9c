import { describe, expect, test } from "@jest/globals";
import { readImage } from "../../src/image/read.ts";
import { Tree } from "../../src/tree.ts";
import { DamagedImage, expectRule, SUPERBLOCK } from "../support/damaged-image.ts";

type Case = [title: string, rule: string, at: number, size: 1 | 2 | 4, value: number];

const CASES: Case[] = [
	["another file", "magic", 0, 4, 0x464c457f],
	["a header of another version", "version", 4, 4, 2],
	["unknown flags", "feature", 8, 4, 2],
	["an unknown composefs version", "version", 12, 4, 3],
	["no EROFS", "magic", SUPERBLOCK, 4, 0],
	["an unknown compatible feature", "feature", SUPERBLOCK + 8, 4, 7],
	["blocks of another size", "feature", SUPERBLOCK + 12, 1, 9],
	["slots behind the superblock", "feature", SUPERBLOCK + 13, 1, 1],
	["a time of more than a second's nanoseconds", "inode-mtime", SUPERBLOCK + 32, 4, 1_000_000_000],
	["more blocks than there are", "image-size", SUPERBLOCK + 36, 4, 99],
	["inodes that begin elsewhere", "feature", SUPERBLOCK + 40, 4, 1],
	["an unknown incompatible feature", "feature", SUPERBLOCK + 80, 4, 1],
	["compression", "feature", SUPERBLOCK + 84, 2, 1],
	["a further device", "feature", SUPERBLOCK + 86, 2, 1],
	["larger blocks of directories", "feature", SUPERBLOCK + 90, 1, 1],
	["long prefixes of xattrs", "feature", SUPERBLOCK + 91, 1, 1],
	["a packed inode", "feature", SUPERBLOCK + 96, 4, 36],
	["a packed inode far away", "feature", SUPERBLOCK + 100, 4, 1],
];

describe("the superblock", () => {
	test.each(CASES)("%s", async (_title, rule, at, size, value) => {
		await expectRule(await DamagedImage.of(new Tree()), rule, ({ bytes }) => {
			bytes.writeUIntLE(value, at, size);
			return at;
		});
	});

	test("a root beyond the end", async () => {
		await expectRule(await DamagedImage.of(new Tree()), "bounds", ({ bytes }) => {
			bytes.writeUInt16LE(0xffff, SUPERBLOCK + 14);
			return SUPERBLOCK + 14;
		});
	});

	test("a count of inodes that is wrong, and one that is absurd", async () => {
		const image = await DamagedImage.of(new Tree());
		await expectRule(image, "inode-count", ({ bytes }) => {
			bytes.writeUInt32LE(9, SUPERBLOCK + 16);
			return SUPERBLOCK + 16;
		});
		await expectRule(image, "inode-count", ({ bytes }) => {
			bytes.writeUInt32LE(0xffffffff, SUPERBLOCK + 20);
			return SUPERBLOCK + 16;
		});
	});

	test("an image cut off", async () => {
		const { bytes } = await DamagedImage.of(new Tree());
		await expect(readImage(bytes.subarray(0, 1000))).rejects.toMatchObject({ rule: "bounds", offset: 0 });
		await expect(readImage(bytes.subarray(0, bytes.length - 1))).rejects.toMatchObject({
			rule: "image-size",
		});
		await expect(readImage(new Uint8Array(0))).rejects.toMatchObject({ rule: "bounds", offset: 0 });
	});
});
