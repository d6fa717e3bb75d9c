import { writeFileSync } from "node:fs";
import { open } from "node:fs/promises";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import type { Image } from "../../src/image/image.ts";
import { openImage } from "../../src/image/open.ts";
import type { ImageStat } from "../../src/image/stat.ts";
import type { Inode } from "../../src/inode.ts";
import { directory, fifo } from "../../src/inode.ts";
import { Tree } from "../../src/tree.ts";
import { writeImage } from "../../src/write.ts";
import { arbitraryTree } from "../support/arbitrary-tree.ts";
import { DamagedImage } from "../support/damaged-image.ts";
import { useTemporaryFolder } from "../support/temporary.ts";

const DIGEST = "12".repeat(32);

function sample(): Tree {
	const tree = new Tree(directory({ mode: 0o700, mtime: 3 }));
	tree.mkdir("/a/b/c", { recursive: true });
	tree.writeFile("/a/b/c/file", Buffer.from("content"), {
		uid: 70_000,
		xattrs: [["user.a", Buffer.from("b")]],
	});
	tree.writeFile("/a/external", { size: 2 ** 40, digest: DIGEST, path: "12/34" });
	tree.writeFile("/a/empty", new Uint8Array(0));
	tree.writeFile("/a/large", Buffer.alloc(5000, "large"));
	tree.symlink("../b", "/a/link");
	tree.mknod("/a/disk", "block-device", { major: 8, minor: 1 });
	tree.link("/a/disk", "/a/twin");
	tree.mkdir("/a/wide");
	for (let n = 0; n < 2000; n++) tree.mknod(`/a/wide/${n}`, "fifo", { mode: n });
	tree.mkdir("/upper");
	tree.whiteout("/upper/gone");
	return tree;
}

describe("bug: what a large xattr of many names takes", () => {
	const LARGE = 30_000;
	const inode = (n: number) => fifo({ xattrs: [["user.a", Buffer.alloc(LARGE, n)]] });
	const imageOf = async (inodes: readonly Inode[]) => {
		const tree = new Tree();
		for (const [n, one] of inodes.entries()) tree.root.children.set(`${n}`, one);
		return (await writeImage(tree)).image;
	};

	test("is counted once for an inode", async () => {
		const one = inode(1);
		const image = await openImage(await imageOf(Array(3000).fill(one)), {
			limits: { xattrBytes: LARGE * 2 },
		});
		expect(await image.readdir("/")).toHaveLength(3000);
		let count = 0;
		for await (const { stat } of image.walk()) count += stat.xattrs?.size ?? 0;
		expect(count).toBe(3000);
	});

	test("has the limits of readImage", async () => {
		const bytes = await imageOf([1, 2, 3].map(inode));
		for (const [limits, rule] of [
			[{ xattrBytes: LARGE * 2 }, "xattr-bytes"],
			[{ xattrs: 2 }, "xattrs"],
			[{ inodes: 2 }, "inodes"],
		] as const) {
			const image = await openImage(bytes, { limits });
			await expect(image.readdir("/")).rejects.toMatchObject({ rule });
			const walk = async () => {
				for await (const _ of image.walk());
			};
			await expect(walk()).rejects.toMatchObject({ rule });
			expect(await image.stat("/2")).toMatchObject({ type: "fifo" });
		}
	});

	test("does not hold up the event loop", async () => {
		const image = await openImage(await imageOf(Array.from({ length: 2000 }, (_, n) => inode(n))));
		let turns = 0;
		const timer = setInterval(() => turns++, 1);
		await image.readdir("/");
		clearInterval(timer);
		expect(turns).toBeGreaterThan(0);
	});
});

test("names that are in order within each block, but not from one to the next, are refused", async () => {
	const tree = new Tree();
	tree.mkdir("/d");
	for (let n = 100; n < 400; n++) tree.mknod(`/d/n${n}`, "fifo");
	const damaged = await DamagedImage.of(tree);
	const [, second] = damaged.blocks(damaged.inode("/d"));
	const [offset] = second as [number, number];
	damaged.bytes.write("!", offset + damaged.bytes.readUInt16LE(offset + 8));
	const image = await openImage(damaged.bytes);
	await expect(image.readdir("/d")).rejects.toMatchObject({ rule: "dirent-order", offset });
});

test("a walk counts levels from the root, wherever it begins", async () => {
	const tree = new Tree();
	tree.mkdir("/a/b/c", { recursive: true });
	const { image: bytes } = await writeImage(tree);
	const paths = async (depth: number) => {
		const found: string[] = [];
		const image = await openImage(bytes, { limits: { depth } });
		for await (const { path } of image.walk("/a/b")) found.push(path);
		return found;
	};
	expect(await paths(4)).toEqual(["/a/b", "/a/b/c"]);
	await expect(paths(3)).rejects.toMatchObject({ rule: "depth", limit: 3, actual: 4 });
});

describe.each(["a file", "an open file", "bytes"])("an image from %s", (kind) => {
	const at = useTemporaryFolder();
	let image: Image;
	let close = async () => {};

	beforeEach(async () => {
		const { image: bytes } = await writeImage(sample());
		writeFileSync(at("image"), bytes as Uint8Array);
		const file = kind === "an open file" ? await open(at("image")) : undefined;
		if (file !== undefined) close = () => file.close();
		image = await openImage(file ?? (kind === "bytes" ? (bytes as Uint8Array) : at("image")));
	});
	afterEach(async () => {
		await image[Symbol.asyncDispose]();
		await close();
		close = async () => {};
	});

	test("stat", async () => {
		const file = await image.stat("/a/b/c/file");
		expect(file).toMatchObject({ type: "file", mode: 0o644, uid: 70_000, nlink: 1, size: 7, mtimeNs: 0n });
		expect(Buffer.from(file.xattrs?.get("user.a") ?? []).toString()).toBe("b");
		expect(await image.stat("a//external")).toMatchObject({ size: 2 ** 40, digest: DIGEST, path: "12/34" });
		expect(await image.stat("/a/link")).toMatchObject({ type: "symlink", size: 4 });
		expect(await image.stat("/")).toMatchObject({ type: "directory", mode: 0o700, nlink: 4 });
		const [disk, twin] = [await image.stat("/a/disk"), await image.stat(Buffer.from("/a/twin"))];
		expect(disk).toMatchObject({ type: "block-device", nlink: 2, rdev: { major: 8, minor: 1 } });
		expect(twin).toEqual(disk);
		for (const n of [0, 1, 999, 1000, 1999])
			expect(await image.stat(`/a/wide/${n}`)).toMatchObject({ type: "fifo", mode: n });
		expect(await image.stat("/upper/gone")).toMatchObject({ type: "character-device" });
		expect((await image.stat("/upper")).xattrs).toBeUndefined();
	});

	test.each([
		["ENOENT", "/none"],
		["ENOENT", "/a/wide/2000"],
		["ENOENT", "/a/wide/!"],
		["ENOENT", "/00"],
		["ENOTDIR", "/a/empty/x"],
		["ERR_COMPOSEFS_NAME", "/a/../a"],
	])("stat fails with %s for %s", async (code, path) => {
		await expect(image.stat(path)).rejects.toMatchObject({ name: "ComposefsError", code, path });
	});

	test("readdir", async () => {
		expect(await image.readdir("/")).toEqual([
			{ name: "a", type: "directory" },
			{ name: "upper", type: "directory" },
		]);
		expect(await image.readdir("/upper")).toEqual([{ name: "gone", type: "character-device" }]);
		expect((await image.readdir("/a/wide")).map(({ name }) => name)).toEqual(sample().readdir("/a/wide"));
		await expect(image.readdir("/a/link")).rejects.toMatchObject({ code: "ENOTDIR" });
	});

	test("readlink and readFile", async () => {
		expect(await image.readlink("/a/link")).toBe("../b");
		await expect(image.readlink("/a")).rejects.toMatchObject({ code: "EINVAL" });
		expect(Buffer.from(await image.readFile("/a/b/c/file")).toString()).toBe("content");
		expect(await image.readFile("/a/large")).toEqual(Uint8Array.from(Buffer.alloc(5000, "large")));
		expect(await image.readFile("/a/empty")).toHaveLength(0);
		await expect(image.readFile("/a/external")).rejects.toMatchObject({ code: "ENODATA" });
		await expect(image.readFile("/a")).rejects.toMatchObject({ code: "EISDIR" });
		await expect(image.readFile("/a/disk")).rejects.toMatchObject({ code: "EINVAL" });
	});

	test("many questions at once", async () => {
		const numbers = Array.from({ length: 200 }, (_, n) => n * 10);
		const stats = await Promise.all(numbers.map((n) => image.stat(`/a/wide/${n}`)));
		expect(stats.map(({ mode }) => mode)).toEqual(numbers);
	});

	test("info", () => {
		expect(image.info).toMatchObject({ version: 1, hasAcl: false, buildTimeNs: 0n });
		expect(image.info.size).toBe(image.info.blockCount * 4096);
	});
});

/** The fields of an inode that stat has too. */
function statLike(inode: Inode) {
	const { type, mode, uid, gid, mtimeNs, xattrs } = inode;
	return { type, mode, uid, gid, mtimeNs, xattrs: listed(xattrs) };
}

function fromStat({ type, mode, uid, gid, mtimeNs, xattrs }: ImageStat) {
	return { type, mode, uid, gid, mtimeNs, xattrs: listed(xattrs) };
}

function listed(xattrs: ReadonlyMap<string, Uint8Array> | undefined): string[] {
	return Array.from(xattrs ?? [], ([name, value]) => `${name}=${Buffer.from(value).toString("hex")}`).sort();
}

describe("walk", () => {
	test("meets what the tree has", async () => {
		await fc.assert(
			fc.asyncProperty(arbitraryTree({ whiteouts: false }), async (tree) => {
				const image = await openImage((await writeImage(tree)).image);
				const met: unknown[] = [];
				for await (const { path, stat } of image.walk()) met.push({ path, ...fromStat(stat) });
				expect(met).toEqual(Array.from(tree.walk(), ({ path, inode }) => ({ path, ...statLike(inode) })));
			}),
			{ numRuns: 50 },
		);
	});

	test("begins where it is asked to, and does not go in circles", async () => {
		const damaged = await DamagedImage.of(sample());
		const paths: string[] = [];
		for await (const { path } of (await openImage(damaged.bytes)).walk("/a/b")) paths.push(path);
		expect(paths).toEqual(["/a/b", "/a/b/c", "/a/b/c/file"]);
		damaged.bytes.writeBigUInt64LE(BigInt(damaged.inode("/a") / 32), damaged.entry("/a/b/c"));
		const walk = async () => {
			for await (const _entry of (await openImage(damaged.bytes)).walk());
		};
		await expect(walk()).rejects.toMatchObject({ rule: "directory-linked", offset: damaged.inode("/a") });
	});
});

describe("openImage", () => {
	const at = useTemporaryFolder();

	test("refuses what is no image, and what is damaged when it is met", async () => {
		writeFileSync(at("none"), "not an image".repeat(1000));
		await expect(openImage(at("none"))).rejects.toMatchObject({ rule: "magic", offset: 0 });
		await expect(openImage(at("missing"))).rejects.toMatchObject({ code: "ENOENT" });
		const damaged = await DamagedImage.of(sample());
		damaged.bytes.writeUInt16LE(0xffff, damaged.inode("/a/b"));
		const image = await openImage(damaged.bytes);
		expect(await image.stat("/a")).toMatchObject({ type: "directory" });
		await expect(image.stat("/a/b")).rejects.toMatchObject({ rule: "inode-format" });
		damaged.bytes.writeUInt8(3, damaged.entry("/a/link") + 10);
		await expect(image.stat("/a/link")).rejects.toMatchObject({ rule: "dirent-type" });
	});

	test("notices that the file has become shorter", async () => {
		const { image: bytes } = await writeImage(sample());
		writeFileSync(at("image"), bytes as Uint8Array);
		const image = await openImage(at("image"));
		writeFileSync(at("image"), (bytes as Uint8Array).subarray(0, 8192));
		await expect(image.stat("/a/wide/1999")).rejects.toMatchObject({ rule: "image-size" });
		await image.close();
	});
});
