import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { truncate, writeFile } from "node:fs/promises";
import { describe, expect, test } from "@jest/globals";
import { openImage } from "../../src/image/open.ts";
import { readImage } from "../../src/image/read.ts";
import { READ_LIMITS } from "../../src/limits.ts";
import { Tree } from "../../src/tree.ts";
import { writeImage } from "../../src/write.ts";
import { listing } from "../support/listing.ts";
import { CANNOT_MOUNT, canMount } from "../support/mounting.ts";
import { describeIf, findProgram } from "../support/needs.ts";
import { useTemporaryFolder } from "../support/temporary.ts";

const at = useTemporaryFolder();

test("bug: a large file that is no image was read to its end before that was said", async () => {
	await writeFile(at("disk"), "");
	await truncate(at("disk"), READ_LIMITS.imageSize);
	const before = process.resourceUsage().maxRSS;
	await expect(readImage(at("disk"))).rejects.toMatchObject({ rule: "magic", offset: 0 });
	expect(process.resourceUsage().maxRSS - before).toBeLessThan(READ_LIMITS.imageSize / 1024 / 4);
});

const losetup = canMount && existsSync("/dev/loop-control") ? findProgram("losetup") : undefined;

describeIf("losetup", losetup, `${CANNOT_MOUNT}, and loop devices`, (losetup) => {
	test("a disk, of which stat says no size, is read to its end", async () => {
		const tree = new Tree();
		for (let n = 0; n < 1000; n++) tree.writeFile(`/${n}`, Buffer.alloc(1000, `${n}`));
		const { size } = await writeImage(tree, { to: at("image") });
		expect(size).toBeGreaterThan(1 << 20);
		const disk = execFileSync(losetup, ["--find", "--show", "--read-only", at("image")], {
			encoding: "utf8",
		});
		try {
			expect(listing(await readImage(disk.trim()))).toEqual(listing(tree));
			await expect(readImage(disk.trim(), { limits: { imageSize: size - 1 } })).rejects.toMatchObject({
				rule: "image-size",
			});
		} finally {
			execFileSync(losetup, ["--detach", disk.trim()]);
		}
	});
});

describe("pages", () => {
	test("of an image larger than those that are kept are read again", async () => {
		const tree = new Tree();
		for (let n = 0; n < 2000; n++)
			tree.writeFile(`/${n}`, Buffer.alloc(4000, `${n}`), {
				xattrs: [["user.n", Buffer.alloc(1000, `${n}`)]],
			});
		const { size } = await writeImage(tree, { to: at("image") });
		expect(size).toBeGreaterThan(256 * 2 ** 14);
		const image = await openImage(at("image"));
		for (let first = 0; first < 2500; first += 50) {
			const numbers = Array.from({ length: 50 }, (_, n) => (first + n) % 2000);
			const contents = await Promise.all(numbers.map((n) => image.readFile(`/${n}`)));
			for (const [index, n] of numbers.entries())
				expect(Buffer.compare(contents[index] as Uint8Array, Buffer.alloc(4000, `${n}`))).toBe(0);
		}
		await image.close();
	});

	test("are wanted all at once by an inode with many shared xattrs far apart", async () => {
		const tree = new Tree();
		const xattrs = Array.from({ length: 120 }, (_, n) => [`user.${n}`, Buffer.alloc(200, n)] as const);
		for (const [n, xattr] of xattrs.entries())
			for (let copy = 0; copy < 2; copy++) tree.mkdir(`/${n}-${copy}`, { xattrs: [xattr] });
		tree.mkdir("/all", { xattrs });
		await writeImage(tree, { to: at("image") });
		const image = await openImage(at("image"));
		expect((await image.stat("/all")).xattrs?.size).toBe(120);
		await image.close();
	});
});
