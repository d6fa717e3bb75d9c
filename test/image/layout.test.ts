import { describe, expect, test } from "@jest/globals";
import { readImage } from "../../src/image/read.ts";
import { Tree } from "../../src/tree.ts";
import { writeImage } from "../../src/write.ts";

// An image by hand, word by word (little-endian), of version 2: a root with two files in it. Nothing here is taken
// from the sources.
const WORDS: Record<number, number[]> = {
	// Header: magic 9a 62 78 d0, version 1, no flags, composefs version 2
	0: [0xd078629a, 1, 0, 2],
	// Superblock: magic, checksum, features MTIME | XATTR_FILTER, 12 bits a block and the root's nid 36
	1024: [0xe0f5e1e2, 0, 6, (36 << 16) | 12],
	// 3 inodes; built at 2 s
	1040: [3, 0, 2, 0],
	// 5 ns; 1 block; inodes from block 0 on; shared xattrs from block 0 on
	1056: [5, 1, 0, 0],
	// The root, nid 36: extended, inline (5), no xattrs; mode 040755; 61 bytes
	1152: [5, 0o040755, 61, 0],
	// no block; inode 0; uid 1000; gid 100
	1168: [0, 0, 1000, 100],
	// mtime -1 s and 7 ns; 2 links; reserved
	1184: [0xffffffff, 0xffffffff, 7, 2],
	1200: [0, 0, 0, 0],
	// Its entries: nid, place of the name, type; "." and ".." are directories (2), "a" and "b\xff" files (1)
	1216: [36, 0, (2 << 16) | 48, 36, 0, (2 << 16) | 49, 40, 0, (1 << 16) | 51, 43, 0, (1 << 16) | 52],
	// The names: . .. a b\xff; the inode ends at 1278
	1264: [0x612e2e2e, 0xff62],
	// "a", nid 40: compact, inline (4), xattrs of 12 + 5 * 4 bytes; mode 0100644, 1 link; 3 bytes
	1280: [(6 << 16) | 4, (1 << 16) | 0o100644, 3, 0],
	// no block; inode 1; uid 2 and gid 3
	1296: [0, 1, (3 << 16) | 2, 0],
	// Its xattrs: a filter that hides no name; 1 shared; the index of that, in words
	1312: [0, 1, 0, 1408 / 4],
	// Its own: name of 1 byte, prefix 1 (user.), value of 2: "user.a" = "bc"
	1328: [(2 << 16) | (1 << 8) | 1, 0x00636261],
	// name of 3 bytes, prefix 6 (security.), no value
	1336: [(6 << 8) | 3, 0x007a7978],
	// Its content: "hi\n"
	1344: [0x000a6968],
	// "b\xff", nid 43: compact, chunks (8), xattrs of 12 + 16 * 4 bytes; mode 0100600, 1 link; 5000 bytes
	1376: [(17 << 16) | 8, (1 << 16) | 0o100600, 5000, 0],
	// chunks of 2^(12 + 1) bytes; inode 2; uid 0, gid 0
	1392: [1, 2, 0, 0],
};

/** The shared xattr and those of the file in the store stand where nothing else does. */
function handmade(): Buffer {
	const image = Buffer.alloc(4096);
	for (const [at, words] of Object.entries(WORDS))
		for (const [index, word] of words.entries()) image.writeUInt32LE(word >>> 0, Number(at) + index * 4);
	return image;
}

describe("an image by hand", () => {
	test("is read as it is meant", async () => {
		const image = handmade();
		// The file's xattrs: a filter, none shared; then two of prefix 4 (trusted.).
		let at = 1408;
		at = image.writeUInt32LE(0, at);
		at += 8;
		at = xattr(image, at, 4, "overlay.metacopy", Buffer.from(`00240001${"5a".repeat(32)}`, "hex"));
		at = xattr(image, at, 4, "overlay.redirect", Buffer.from("/ab"));
		image.writeUInt16LE(1 + (at - 1408 - 12) / 4, 1376 + 2);
		// Behind it the table of its one chunk, which composefs-rs may leave out; and the shared xattr.
		const shared = at + 4;
		xattr(image, shared, 1, "shared", Buffer.from("s"));
		image.writeUInt32LE(shared / 4, 1312 + 12);

		const tree = await readImage(image);
		const undefinedFields = { size: undefined, digest: undefined, path: undefined };
		expect(tree.root).toMatchObject({
			type: "directory",
			mode: 0o755,
			uid: 1000,
			gid: 100,
			mtimeNs: -999_999_993n,
		});
		expect([...tree.root.children.keys()]).toEqual(["a", "b\udcff"]);
		expect(tree.get("/a")).toEqual({
			...{ type: "file", mode: 0o644, uid: 2, gid: 3, mtimeNs: 2_000_000_005n },
			xattrs: new Map([
				["user.a", bytes("bc")],
				["security.xyz", bytes("")],
				["user.shared", bytes("s")],
			]),
			...{ content: bytes("hi\n"), ...undefinedFields },
		});
		expect(tree.get("/b\udcff")).toEqual({
			...{ type: "file", mode: 0o600, uid: 0, gid: 0, mtimeNs: 2_000_000_005n, xattrs: undefined },
			...{ content: undefined, size: 5000, digest: "5a".repeat(32), path: "ab" },
		});
	});
});

function bytes(text: string): Uint8Array {
	return Uint8Array.from(Buffer.from(text));
}

function xattr(image: Buffer, at: number, prefix: number, name: string, value: Buffer): number {
	image.writeUInt8(name.length, at);
	image.writeUInt8(prefix, at + 1);
	image.writeUInt16LE(value.length, at + 2);
	image.write(name, at + 4, "latin1");
	value.copy(image, at + 4 + name.length);
	return Math.ceil((at + 4 + name.length + value.length) / 4) * 4;
}

describe("an image of libcomposefs", () => {
	test("has its parts where the layout says", async () => {
		const tree = new Tree();
		tree.writeFile("/f", Buffer.from("x"), { mtime: 1 });
		const image = Buffer.from((await writeImage(tree)).image);
		expect(image.subarray(0, 16).toString("hex")).toBe("9a6278d0" + "01000000" + "00000000" + "00000000");
		expect(image.subarray(1024, 1040).toString("hex")).toBe(
			"e2e1f5e0" + "00000000" + "06000000" + "0c002400",
		);
		// The root, in slot 36: compact, its entries in blocks and behind it, one xattr of two words.
		expect(image.subarray(1152, 1160).toString("hex")).toMatch(/^0[04]00/);
	});
});
