import { describe, expect, test } from "@jest/globals";
import { readImage } from "../../src/image/read.ts";
import { Tree } from "../../src/tree.ts";
import { writeImage } from "../../src/write.ts";
import { DamagedImage, expectRule, SUPERBLOCK } from "../support/damaged-image.ts";

const text = (value: string) => Buffer.from(value);

// At /d two xattrs of its own, at 12 and 28 bytes behind the inode: user.first=one (4 + 5 + 3 bytes, 12) and
// user.other=two. At /a and /b a shared one, whose index is at 12. At /o metacopy and redirect.
async function sample(): Promise<DamagedImage> {
	const tree = new Tree();
	const own = [
		["user.first", text("1st")],
		["user.other", text("2nd")],
	] as const;
	tree.mkdir("/d", { xattrs: own });
	tree.mkdir("/a", { xattrs: [["user.shared", text("shared")]] });
	tree.mkdir("/b", { xattrs: [["user.shared", text("shared")]] });
	tree.writeFile("/o", { size: 100, digest: "ab".repeat(32), path: "ab/cd" });
	return DamagedImage.of(tree);
}

const FIRST = 12;
const SECOND = FIRST + 12;

type Case = [title: string, rule: string, path: string, field: number, value: number, at: number];

const CASES: Case[] = [
	["no room for the indexes", "xattr-size", "/d", 4, 200, 0],
	["an xattr longer than all of them", "xattr-size", "/d", SECOND + 2, 200, SECOND],
	["an unknown prefix", "xattr-prefix", "/d", FIRST + 1, 7, FIRST + 1],
	["two of one name", "xattr-duplicate", "/d", -1, 0, SECOND],
	["a name that the filter hides", "xattr-filter", "/d", -2, 0, 0],
	["a shared one beyond the end", "xattr-shared", "/a", -3, 0, 12],
	["a digest of another algorithm", "metacopy", "/o", -4, 0, FIRST + 4 + 16],
	["a path that is not absolute", "redirect", "/o", -5, 0, 0],
	["an attribute of overlayfs", "xattr-overlay", "/o", -6, 0, FIRST],
	["an object without a metacopy", "metacopy", "/o", -7, 0, 0],
];

const DAMAGES: Record<number, (image: DamagedImage, at: number) => number | undefined> = {
	"-1": ({ bytes }, at) => void bytes.write("first", at + SECOND + 4),
	"-2": ({ bytes }, at) => void bytes.writeUInt32LE(0xffffffff, at),
	"-3": ({ bytes }, at) => void bytes.writeUInt32LE(bytes.length / 4, at + 12),
	"-4": ({ bytes }, at) => void bytes.writeUInt8(2, at + FIRST + 4 + 16 + 3),
	"-5": ({ bytes }, at) => {
		const path = bytes.indexOf("/ab/cd", at);
		bytes.write("x", path);
		return path;
	},
	"-6": ({ bytes }, at) => void bytes.write("impureXX", at + FIRST + 4 + 8),
	"-7": ({ bytes }, at) => {
		// Under a name that says nothing to overlayfs; the filter would hide it.
		bytes.writeUInt32LE(0, at);
		bytes.writeUInt8(1, at + FIRST + 1);
		return at - 32;
	},
};

describe("xattrs", () => {
	test.each(CASES)("%s", async (_title, rule, path, field, value, offset) => {
		await expectRule(await sample(), rule, (image) => {
			const at = image.xattrs(path);
			const damage = DAMAGES[field];
			if (damage === undefined) image.bytes.writeUInt8(value, at + field);
			return damage?.(image, at) ?? at + offset;
		});
	});

	test("each name of overlayfs that the filter hides", async () => {
		const { bytes, at } = await sample().then((image) => ({ bytes: image.bytes, at: image.xattrs("/o") }));
		const word = bytes.readUInt32LE(at);
		const present = Array.from({ length: 32 }, (_, bit) => 2 ** bit).filter((mask) => (word & mask) === 0);
		expect(present).toHaveLength(2);
		for (const mask of present)
			await expectRule(new DamagedImage(bytes), "xattr-filter", (image) => {
				image.bytes.writeUInt32LE(word + mask, at);
				return at;
			});
	});

	test("an opaque mark that is not the root's", async () => {
		const tree = new Tree();
		tree.mkdir("/d", { xattrs: [["trusted.overlap.opaque", text("y")]] });
		await expectRule(await DamagedImage.of(tree), "xattr-overlay", (image) => {
			const at = image.xattrs("/d");
			image.bytes.write("overlay", at + FIRST + 4);
			image.bytes.writeUInt32LE(0, at);
			return at + FIRST;
		});
	});

	test("a name without its prefix's index", async () => {
		const tree = new Tree();
		tree.mkdir("/d", { xattrs: [["user_x", text("y")]] });
		await expectRule(await DamagedImage.of(tree), "xattr-prefix", (image) => {
			const at = image.xattrs("/d");
			image.bytes.write(".", at + FIRST + 4 + 4);
			return at + FIRST + 1;
		});
	});

	test("a filter means nothing where the superblock has none", async () => {
		const damaged = await sample();
		damaged.bytes.writeUInt32LE(2, SUPERBLOCK + 8);
		damaged.bytes.writeUInt32LE(0xffffffff, damaged.xattrs("/d"));
		expect((await readImage(damaged.bytes)).get("/d")?.xattrs?.size).toBe(2);
	});

	test("more than 128 that are shared", async () => {
		const tree = new Tree();
		const xattrs = Array.from({ length: 200 }, (_, n) => [`user.${n}`, text(`${n}`)] as const);
		tree.mkdir("/a", { xattrs });
		tree.mkdir("/b", { xattrs });
		const { image, digest } = await writeImage(tree);
		const back = await readImage(image);
		expect(back.get("/a")?.xattrs?.size).toBe(200);
		expect((await writeImage(back)).digest).toBe(digest);
	});

	test("as many bytes as an inode takes, and an object's path as long as can be", async () => {
		const tree = new Tree();
		const xattrs = [["user.a", Buffer.alloc(32_767 - 12 - 7 - 6)]] as const;
		tree.writeFile("/f", { size: 1, digest: "00".repeat(32), path: "p".repeat(4095) }, { xattrs });
		tree.mkdir("/d", { xattrs });
		tree.whiteout("/d/gone", { xattrs });
		const { image, digest } = await writeImage(tree);
		const back = await readImage(image);
		expect(back.get("/f")).toEqual(tree.get("/f"));
		expect((await writeImage(back)).digest).toBe(digest);
	});

	test("of names of any bytes, and of overlayfs", async () => {
		const tree = new Tree();
		const names = ["user.\udcff", "lustre.a", "trusted.overlay.metacopy", "trusted.overlay.", "odd", "user."];
		const xattrs = names.map((name) => [name, text(name)] as const);
		tree.mkdir("/d", { xattrs });
		const back = await readImage((await writeImage(tree)).image);
		expect([...(back.get("/d")?.xattrs?.keys() ?? [])].sort()).toEqual([...names].sort());
	});
});
