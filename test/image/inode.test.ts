import { describe, expect, test } from "@jest/globals";
import { readImage } from "../../src/image/read.ts";
import type { ExternalFile } from "../../src/inode.ts";
import { Tree } from "../../src/tree.ts";
import { writeImage } from "../../src/write.ts";
import { DamagedImage, expectRule, SUPERBLOCK } from "../support/damaged-image.ts";

function sample(): Tree {
	const tree = new Tree();
	tree.mkdir("/folder");
	tree.writeFile("/late", Buffer.from("content"), { mtime: 5 });
	tree.writeFile("/external", { size: 5000, path: "ab/cd" });
	tree.writeFile("/half", Buffer.alloc(4000, "h"));
	tree.symlink("target", "/link");
	tree.mknod("/device", "block-device", { major: 8, minor: 1 });
	tree.writeFile("/one", Buffer.from("1"));
	tree.link("/one", "/two");
	return tree;
}

type Case = [
	title: string,
	rule: string,
	path: string,
	field: number,
	size: 1 | 2 | 4,
	value: number,
	at?: number,
];

// Fields: 0 format, 2 count of xattrs, 4 mode, 6 links, 8 size, 16 block, chunk format or device; in an extended
// inode 40 nanoseconds, 44 links. The last number is the offset of the error, from the inode.
const CASES: Case[] = [
	["unknown bits in the format", "inode-format", "/folder", 0, 2, 0x10, 0],
	["the time that newer kernels read in a short inode", "inode-format", "/half", 12, 4, 1, 12],
	["the high bits of a block that newer kernels read", "inode-format", "/late", 6, 2, 1, 6],
	["compressed data", "inode-format", "/half", 0, 2, 1 << 1, 0],
	["a directory in chunks", "inode-format", "/folder", 0, 2, 4 << 1, 0],
	["a device with data", "inode-format", "/device", 0, 2, 2 << 1, 0],
	["a type that is none", "inode-type", "/half", 4, 2, 0o030644, 4],
	["more xattrs than fit into the image", "bounds", "/link", 2, 2, 9000, 2],
	["more xattrs than an inode can have", "xattr-size", "/link", 2, 2, 0xffff, 2],
	["a symlink without a target", "inode-size", "/link", 8, 4, 0, 0],
	["a symlink longer than a path", "inode-size", "/link", 8, 4, 4096, 0],
	["more content than an image takes", "inode-size", "/half", 8, 4, 5001, 0],
	["a device with a size", "inode-size", "/device", 8, 4, 1, 0],
	["a directory larger than the image", "inode-size", "/folder", 8, 4, 0x7fffffff, 0],
	["inline data of whole blocks", "inode-size", "/folder", 8, 4, 4096, 0],
	["a directory in blocks that are not whole", "inode-size", "/folder", 0, 2, 0, 0],
	["blocks beyond the end", "bounds", "/half", 16, 4, 0xffff, 16],
	["inline data across the end of a block", "inline-data", "/late", 8, 4, 4000, 64],
	["times of more than a second's nanoseconds", "inode-mtime", "/late", 40, 4, 1_000_000_000, 40],
	["an unknown format of chunks", "chunk", "/external", 16, 2, 0x20, 16],
	["a file of two chunks, the second with data", "chunk", "/external", 16, 2, 0, 32 + 12 + 20 + 28 + 4],
	["no links", "link-count", "/half", 6, 2, 0, 0],
	["more links than names", "link-count", "/one", 6, 2, 3, 0],
	["more names than links", "link-count", "/one", 6, 2, 1, 0],
	["a directory's links", "link-count", "/folder", 6, 2, 3, 0],
];

describe("an inode", () => {
	test.each(CASES)("%s", async (_title, rule, path, field, size, value, at = 0) => {
		await expectRule(await DamagedImage.of(sample()), rule, (image) => {
			const inode = image.inode(path);
			image.bytes.writeUIntLE(value, inode + field, size);
			return inode + at;
		});
	});

	test("a target that no symlink has", async () => {
		await expectRule(await DamagedImage.of(sample()), "symlink-target", (image) => {
			image.bytes.writeUInt8(0, image.tail("/link"));
			return image.inode("/link");
		});
	});

	test("a root that is no directory", async () => {
		await expectRule(await DamagedImage.of(sample()), "directory-root", (image) => {
			const link = image.inode("/link");
			image.bytes.writeUInt16LE(link / 32, SUPERBLOCK + 14);
			return link;
		});
	});

	test("a file of more chunks than an image has", async () => {
		await expectRule(await DamagedImage.of(sample()), "chunk", (image) => {
			const inode = image.inode("/external");
			image.bytes.writeUInt32LE(1024 * 4096 + 1, inode + 8);
			image.bytes.writeUInt16LE(0, inode + 16);
			return inode + 16;
		});
	});

	test("a whiteout with two names", async () => {
		const tree = sample();
		tree.whiteout("/gone");
		await expectRule(await DamagedImage.of(tree), "whiteout", (image) => {
			image.bytes.writeUInt16LE(2, image.inode("/gone") + 6);
			return image.inode("/gone");
		});
		await expectRule(await DamagedImage.of(tree), "link-count", (image) => {
			image.bytes.writeUInt16LE(2, image.inode("/00") + 6);
			return image.inode("/00");
		});
	});

	test("a chunk with data in the image", async () => {
		await expectRule(await DamagedImage.of(sample()), "chunk", (image) => {
			image.bytes.writeUInt32LE(1, image.tail("/external"));
			return image.tail("/external");
		});
	});

	test("two inodes in one place", async () => {
		await expectRule(await DamagedImage.of(sample()), "overlap", (image) => {
			const inode = image.inode("/late");
			// The slot behind, which is the beginning of its inline data, made to look like a fifo.
			image.bytes.writeBigUInt64LE(BigInt(inode / 32 + 2), image.entry("/one"));
			image.bytes.writeUInt8(5, image.entry("/one") + 10);
			image.bytes.fill(0, inode + 64, inode + 96);
			image.bytes.writeUInt16LE(0o010644, inode + 68);
			image.bytes.writeUInt16LE(1, inode + 70);
			return inode + 64;
		});
	});

	test.each([
		["what is before the superblock", 64],
		["the superblock, where a volume has its name", 1024 + 64],
	])("an inode in %s", async (_where, offset) => {
		const tree = new Tree();
		tree.mknod("/fifo", "fifo");
		await expectRule(await DamagedImage.of(tree), "overlap", (image) => {
			const { bytes } = image;
			const from = image.inode("/fifo");
			bytes.copy(bytes, offset, from, from + 16);
			bytes.writeBigUInt64LE(BigInt(offset / 32), image.entry("/fifo"));
			return offset;
		});
	});

	test("data of two inodes in one block", async () => {
		const tree = sample();
		tree.writeFile("/other", Buffer.alloc(4000, "o"));
		await expectRule(await DamagedImage.of(tree), "overlap", (image) => {
			const block = image.bytes.readUInt32LE(image.inode("/half") + 16);
			image.bytes.writeUInt32LE(block, image.inode("/other") + 16);
			return image.inode("/other");
		});
	});

	test.each([1, 4096, 4097, 2 ** 32, 2 ** 43, 2 ** 43 + 1, 2 ** 52, 2 ** 53 - 1, 2 ** 53])(
		"a file of %i bytes elsewhere",
		async (size) => {
			const tree = new Tree();
			tree.writeFile("/a", { size, path: "ab/cd" }, { xattrs: [["user.a", Buffer.alloc(400)]] });
			tree.writeFile("/b", { size, path: "ab/cd" });
			const { image, digest } = await writeImage(tree);
			const back = await readImage(image);
			expect((back.get("/a") as ExternalFile).size).toBe(size);
			expect((await writeImage(back)).digest).toBe(digest);
		},
	);
});
