import { describe, test } from "@jest/globals";
import { Tree } from "../../src/tree.ts";
import { DamagedImage, expectRule } from "../support/damaged-image.ts";

// The directory /d has, each in an entry of 12 bytes, then the names one after another: . .. aa bb cc dir
function sample(): Promise<DamagedImage> {
	const tree = new Tree();
	tree.mkdir("/d/dir", { recursive: true });
	for (const name of ["aa", "bb", "cc"]) tree.mknod(`/d/${name}`, "fifo");
	return DamagedImage.of(tree);
}

type Case = [
	title: string,
	rule: string,
	name: string,
	field: number,
	size: 1 | 2,
	value: number,
	at: number,
];

const CASES: Case[] = [
	["names that begin within an entry", "dirent-count", ".", 8, 2, 13, 8],
	["no entries", "dirent-count", ".", 8, 2, 0, 8],
	["names beyond the block", "dirent-count", ".", 8, 2, 12 * 200, 8],
	["names that go backwards", "dirent-name", "bb", 8, 2, 72, -4],
	["a name beyond the block", "dirent-name", "cc", 8, 2, 0xfff0, -4],
	["a type that is not the inode's", "dirent-type", "aa", 10, 1, 2, 10],
];

describe("a directory", () => {
	test.each(CASES)("%s", async (_title, rule, name, field, size, value, at) => {
		await expectRule(await sample(), rule, (image) => {
			const entry = image.entry(`/d/${name}`);
			image.bytes.writeUIntLE(value, entry + field, size);
			return entry + at;
		});
	});

	test("a directory with two names", async () => {
		await expectRule(await sample(), "directory-linked", (image) => {
			const entry = image.entry("/d/dir");
			const nid = image.inode("/d") / 32;
			image.bytes.writeBigUInt64LE(BigInt(nid), entry);
			return entry;
		});
	});

	test("a file with two names and one link", async () => {
		await expectRule(await sample(), "link-count", (image) => {
			const nid = image.inode("/d/aa") / 32;
			image.bytes.writeBigUInt64LE(BigInt(nid), image.entry("/d/bb"));
			return image.inode("/d/aa");
		});
	});

	test.each([
		[".", "/d"],
		["..", "/"],
	])("%s that is another inode", async (name) => {
		await expectRule(await sample(), "dirent-dot", (image) => {
			const entry = image.entry(`/d/${name}`);
			image.bytes.writeBigUInt64LE(BigInt(image.inode("/d/dir") / 32), entry);
			return entry;
		});
	});

	test("no .", async () => {
		await expectRule(await sample(), "dirent-dot", (image) => {
			const [at] = image.blocks(image.inode("/d"))[0] as [number, number];
			image.bytes.write("+", at + 72);
			image.bytes.writeBigUInt64LE(BigInt(image.inode("/d/aa") / 32), image.entry("/d/+"));
			image.bytes.writeUInt8(5, at + 10);
			image.bytes.writeUInt16LE(2, image.inode("/d/aa") + 6);
			return image.inode("/d");
		});
	});

	test.each([
		["two of one name", "aa", "dirent-order"],
		["a name that comes too late", "ab", "dirent-order"],
		["a slash", "b/", "dirent-name"],
		["a NUL", "b\0", "dirent-name"],
		["bytes that are not UTF-8, too late", "\xff\xfe", "dirent-order"],
	])("%s", async (_title, bytes, rule) => {
		await expectRule(await sample(), rule, (image) => {
			const late = bytes === "ab" || bytes === "\xff\xfe";
			const entry = image.entry(bytes === "ab" ? "/d/cc" : "/d/bb");
			const [at] = image.blocks(image.inode("/d"))[0] as [number, number];
			image.bytes.write(bytes, at + image.bytes.readUInt16LE(entry + 8), "latin1");
			return late && bytes !== "ab" ? entry + 12 : entry;
		});
	});

	test("names in order within each block, but not from one to the next", async () => {
		const tree = new Tree();
		tree.mkdir("/d");
		for (let n = 100; n < 400; n++) tree.mknod(`/d/n${n}`, "fifo");
		await expectRule(await DamagedImage.of(tree), "dirent-order", (image) => {
			const [, second] = image.blocks(image.inode("/d")) as [number, number][];
			const [at] = second as [number, number];
			image.bytes.write("!", at + image.bytes.readUInt16LE(at + 8));
			return at;
		});
	});

	test("a name that is longer than the limit by a byte", async () => {
		const tree = new Tree();
		const first = `/d/${"a".repeat(200)}`;
		const second = `/d/${"b".repeat(100)}`;
		tree.mkdir("/d");
		for (const path of [first, second]) tree.mknod(path, "fifo");
		await expectRule(await DamagedImage.of(tree), "dirent-name", (image) => {
			const place = image.entry(first) + 8;
			const next = image.entry(second) + 8;
			image.bytes.writeUInt16LE(image.bytes.readUInt16LE(next) + 56, next);
			return place;
		});
	});

	test("a further name that says it is of another type", async () => {
		const tree = new Tree();
		tree.mknod("/first", "fifo");
		tree.link("/first", "/second");
		await expectRule(await DamagedImage.of(tree), "dirent-type", (image) => {
			image.bytes.writeUInt8(1, image.entry("/second") + 10);
			return image.entry("/second") + 10;
		});
	});

	test("a whiteout that stands in the image as it is", async () => {
		const tree = new Tree();
		tree.mknod("/device", "character-device", { major: 1, minor: 3 });
		await expectRule(await DamagedImage.of(tree), "whiteout", (image) => {
			image.bytes.writeUInt32LE(0, image.inode("/device") + 16);
			return image.entry("/device");
		});
	});

	test("a stub of the root in another directory", async () => {
		const tree = new Tree();
		tree.mkdir("/d");
		tree.mknod("/d/ab", "character-device", { major: 1, minor: 3 });
		await expectRule(await DamagedImage.of(tree), "whiteout", (image) => {
			image.bytes.writeUInt32LE(0, image.inode("/d/ab") + 16);
			return image.entry("/d/ab");
		});
	});
});
