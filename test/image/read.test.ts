import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { open } from "node:fs/promises";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { gunzipSync } from "node:zlib";
import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { formatDump } from "../../src/dump/format.ts";
import { parseDump } from "../../src/dump/parse.ts";
import { validate } from "../../src/gate.ts";
import { readImage } from "../../src/image/read.ts";
import { directory, type Inode, isWhiteout } from "../../src/inode.ts";
import { Tree } from "../../src/tree.ts";
import { writeImage } from "../../src/write.ts";
import { arbitraryTree } from "../support/arbitrary-tree.ts";
import { listing } from "../support/listing.ts";
import { describeIf, findProgram, projectRoot, sharedFolder } from "../support/needs.ts";
import { useTemporaryFolder } from "../support/temporary.ts";

type Version = 0 | 1;

async function imageOf(tree: Tree, version?: Version): Promise<Uint8Array> {
	const options = version === undefined ? {} : { minVersion: version, maxVersion: version };
	return (await writeImage(tree, options)).image;
}

function sha256(bytes: Uint8Array): string {
	return createHash("sha256").update(bytes).digest("hex");
}

/** In version 1 an image cannot keep a directory opaque that has whiteouts, nor marks that look like its own. */
function isExpressible(tree: Tree): boolean {
	return Array.from(tree.walk()).every(({ inode }) => inode.type !== "directory" || !losesMark(inode));
}

function losesMark(inode: Inode): boolean {
	if (inode.type !== "directory" || !inode.xattrs?.has("trusted.overlay.opaque")) return false;
	return [...inode.children.values()].some(isWhiteout);
}

describe("readImage", () => {
	const at = useTemporaryFolder();

	test.each([0, 1] as const)("of version %i: any tree comes back", async (version) => {
		await fc.assert(
			fc.asyncProperty(arbitraryTree(), async (tree) => {
				fc.pre(version === 0 || isExpressible(tree));
				const image = await imageOf(tree, version);
				const back = await readImage(image);
				expect(listing(back)).toEqual(listing(tree));
				expect(validate(back)).toEqual([]);
				expect(sha256(await imageOf(back, version))).toBe(sha256(image));
			}),
			{ numRuns: 150 },
		);
	});

	test("takes bytes, a path, a URL, and an open file without moving it", async () => {
		const tree = new Tree();
		tree.writeFile("/file", Buffer.from("content"));
		const image = await imageOf(tree);
		writeFileSync(at("image"), image);
		const file = await open(at("image"));
		await file.read(Buffer.alloc(10));
		for (const source of [image, at("image"), pathToFileURL(at("image")), file, { fd: file.fd }])
			expect(listing(await readImage(source))).toEqual(listing(tree));
		const { buffer } = await file.read(Buffer.alloc(4), 0, 4);
		expect([...buffer]).toEqual([...image.subarray(10, 14)]);
		await file.close();
	});

	test("fails as the system does", async () => {
		await expect(readImage(at("none"))).rejects.toMatchObject({
			name: "ComposefsError",
			code: "ENOENT",
			syscall: "open",
			path: at("none"),
		});
		await expect(readImage(at())).rejects.toMatchObject({ code: "EISDIR", path: at() });
		await expect(readImage({ fd: 9999 })).rejects.toMatchObject({ code: "EBADF" });
		for (const source of [null, 5, {}, { fd: "x" }])
			await expect(readImage(source as never)).rejects.toMatchObject({ code: "ERR_COMPOSEFS_ARGUMENT" });
	});

	test("stops at a signal", async () => {
		const reason = new Error("enough");
		await expect(readImage(new Uint8Array(0), { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
		const image = await imageOf(wideTree(60_000));
		const controller = new AbortController();
		setImmediate(() => controller.abort(reason));
		await expect(readImage(image, { signal: controller.signal })).rejects.toBe(reason);
	});

	test("keeps to limits", async () => {
		const tree = new Tree();
		tree.mkdir("/a/b", { recursive: true, xattrs: [["user.a", Buffer.from("b")]] });
		tree.mknod("/a/fifo", "fifo");
		tree.link("/a/fifo", "/a/twin");
		const image = await imageOf(tree);
		writeFileSync(at("image"), image);
		// The root, 256 whiteouts, two directories, and the fifo's two names; an xattr of each directory.
		const enough = { inodes: 261, depth: 3, xattrs: 2, imageSize: image.length };
		expect(listing(await readImage(image, { limits: enough }))).toHaveLength(5);
		const refused: [object, string, number, number][] = [
			[{ inodes: 260 }, "inodes", 260, 261],
			[{ xattrs: 1 }, "xattrs", 1, 2],
			[{ xattrBytes: 13 }, "xattr-bytes", 13, 14],
			[{ depth: 2 }, "depth", 2, 3],
			[{ imageSize: image.length - 1 }, "image-size", image.length - 1, image.length],
		];
		for (const source of [image, at("image")])
			for (const [limits, rule, limit, actual] of refused)
				await expect(readImage(source, { limits })).rejects.toMatchObject({ rule, limit, actual });
		for (const limits of [{ inodes: 0 }, { depth: 2049 }, { imageSize: 2 ** 40 }, { inodes: Number.NaN }])
			await expect(readImage(image, { limits })).rejects.toMatchObject({ code: "ERR_COMPOSEFS_ARGUMENT" });
	});

	test("bug: shared xattrs made a tree whose image takes a thousand times the memory", async () => {
		const tree = new Tree();
		for (let n = 0; n < 100; n++)
			tree.mknod(`/${n}`, "fifo", { xattrs: [["user.a", Buffer.alloc(30_000, "a")]] });
		const image = await imageOf(tree);
		expect(image.length).toBeLessThan(100_000);
		const limits = { xattrBytes: 1_000_000 };
		await expect(readImage(image, { limits })).rejects.toMatchObject({ rule: "xattr-bytes" });
	});

	test("reads a file without a size to its limit, and no further", async () => {
		const limits = { imageSize: 10_000 };
		const error = await readImage("/dev/zero", { limits }).catch((reason) => reason);
		expect(error).toMatchObject({ rule: "image-size", limit: 10_000 });
	});

	test("does not keep the event loop", async () => {
		const image = await imageOf(wideTree(100_000));
		let turns = 0;
		const timer = setInterval(() => turns++, 1);
		await readImage(image);
		clearInterval(timer);
		// In slices of 2 ms, 100,000 names take some twenty turns or more; all at once, one.
		expect(turns).toBeGreaterThan(5);
	});

	test("what it returns is its own", async () => {
		const tree = new Tree();
		tree.writeFile("/file", Buffer.from("content"), { xattrs: [["user.a", Buffer.from("value")]] });
		const image = await imageOf(tree);
		const back = await readImage(image);
		image.fill(0);
		expect(listing(back)).toEqual(listing(tree));
	});
});

describe("whiteouts", () => {
	test.each([0, 1] as const)("come back in version %i, and their marks go", async (version) => {
		const tree = new Tree();
		tree.mkdir("/d", { xattrs: [["user.a", Buffer.from("b")]] });
		tree.whiteout("/d/gone", { mode: 0o644, xattrs: [["security.selinux", Buffer.from("x")]] });
		tree.whiteout("/ab");
		const back = await readImage(await imageOf(tree, version));
		expect(listing(back)).toEqual(listing(tree));
	});

	test("the marks that composefs-info shows as the tree's are the writer's", async () => {
		const tree = new Tree();
		tree.whiteout("/gone");
		expect(formatDump(await readImage(await imageOf(tree)))).not.toContain("overlay.opaque");
	});

	test("version 0 keeps an opaque directory opaque", async () => {
		const tree = new Tree();
		tree.mkdir("/d", { xattrs: [["trusted.overlay.opaque", Buffer.from("y")]] });
		tree.whiteout("/d/gone");
		expect(listing(await readImage(await imageOf(tree, 0)))).toEqual(listing(tree));
		const { xattrs } = (await readImage(await imageOf(tree, 1))).get("/d") as Inode;
		expect(xattrs).toBeUndefined();
	});

	test("files and directories that only look marked keep their marks", async () => {
		const empty = Buffer.alloc(0);
		const x = Buffer.from("x");
		const marks = [
			["trusted.overlay.whiteouts", empty],
			["user.overlay.whiteouts", empty],
			["trusted.overlay.opaque", x],
			["user.overlay.opaque", x],
		] as const;
		const mark = [
			["trusted.overlay.whiteout", empty],
			["user.overlay.whiteout", empty],
		] as const;
		const tree = new Tree(directory({ xattrs: [["trusted.overlay.opaque", Buffer.from("y")]] }));
		tree.mkdir("/none", { xattrs: marks });
		tree.writeFile("/none/file", Buffer.from("not empty"), { xattrs: mark });
		tree.writeFile("/file", empty, { xattrs: mark });
		for (const version of [0, 1] as const)
			expect(listing(await readImage(await imageOf(tree, version)))).toEqual(listing(tree));
	});
});

function wideTree(count: number): Tree {
	const tree = new Tree();
	for (let n = 0; n < count; n++) {
		if (n % 500 === 0) tree.mkdir(`/${n}`);
		tree.writeFile(`/${n - (n % 500)}/name-${n}`, Buffer.from(`${n}`), { mtimeNs: BigInt(n) });
	}
	return tree;
}

function readDump(file: string): Buffer {
	const bytes = readFileSync(file);
	return file.endsWith(".gz") ? gunzipSync(bytes) : bytes;
}

/** Builds a dump, and reads the image: the same dump, and the same image again. */
async function expectRoundTrip(file: string, folder: string): Promise<void> {
	const named = existsSync(`${file}.version`) ? Number(readFileSync(`${file}.version`, "utf8")) : undefined;
	const tree = await parseDump(readDump(file));
	const written = await writeImage(tree, named === undefined ? {} : { minVersion: named, maxVersion: named });
	const image = written.image;
	const back = await readImage(image);
	const dump = formatDump(back);
	expect(dump).toBe(formatDump(tree));
	expect(sha256(await imageOf(back, written.version as Version))).toBe(sha256(image));
	if (findProgram("composefs-info") === undefined) return;
	writeFileSync(path.join(folder, "image"), image);
	expect(dump).toBe(infoDump(path.join(folder, "image"), tree));
}

/** What composefs-info prints, without what it takes for the tree's: the marks of directories with whiteouts. */
function infoDump(image: string, tree: Tree): string {
	const program = findProgram("composefs-info") as string;
	const printed = spawnSync(program, ["dump", image], { encoding: "latin1", maxBuffer: 2 ** 30 }).stdout;
	if (!Array.from(tree.walk()).some(({ inode }) => isWhiteout(inode))) return printed;
	return printed.replaceAll(/ (trusted|user)\.overlay\.opaque=x/g, "");
}

describe("a whole system", () => {
	const at = useTemporaryFolder();

	test("comes back", async () => {
		await expectRoundTrip(path.join(projectRoot, "test/fixtures/debian-12.dump.gz"), at());
	});
});

describeIf("conformance", sharedFolder, "there is no folder of conformance dumps", (shared) => {
	const at = useTemporaryFolder();
	const folder = path.join(shared ?? "", "conformance");
	const dumps = shared === undefined ? [] : readdirSync(folder).filter((file) => /\.dump(\.gz)?$/.test(file));
	for (const file of dumps.filter((name) => !name.startsWith("should-fail-")))
		test(`${file} comes back from its image`, () => expectRoundTrip(path.join(folder, file), at()));
});

describeIf("composefs-info", findProgram("composefs-info"), "composefs-info is not installed", (program) => {
	const at = useTemporaryFolder();

	test("adds two bytes to object paths whose length is 3 modulo 4: here they are as they were", async () => {
		const tree = new Tree();
		for (let length = 1; length < 9; length++)
			tree.writeFile(`/${length}`, { size: 1, path: "p".repeat(length) });
		writeFileSync(at("image"), await imageOf(tree));
		const ours = formatDump(await readImage(at("image")));
		expect(ours).toBe(formatDump(tree));
		const { stdout } = spawnSync(program as string, ["dump", at("image")], { encoding: "latin1" });
		const differing = ours.split("\n").filter((line, index) => line !== stdout.split("\n")[index]);
		expect(differing.map((line) => line.slice(0, 2))).toEqual(["/3", "/7"]);
	});
});
