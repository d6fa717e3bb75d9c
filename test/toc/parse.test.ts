/** The JSON that composefs-from-json read. */
import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { parseDump } from "../../src/dump/parse.ts";
import { validate } from "../../src/gate.ts";
import { parseTocJson } from "../../src/toc/parse.ts";
import { writeImage } from "../../src/write.ts";
import { arbitraryTree } from "../support/arbitrary-tree.ts";
import { countTurns } from "../support/event-loop.ts";
import { listing } from "../support/listing.ts";
import { describeIf, findProgram } from "../support/needs.ts";
import { useTemporaryFolder } from "../support/temporary.ts";
import { expectRule, type Json, tocJson } from "../support/toc.ts";
import { entriesOf } from "../support/toc-of-tree.ts";

const parse = (...documents: Json[][]) => parseTocJson(documents.map((entries) => tocJson(entries)));
const HEX = "0123456789abcdef".repeat(4);
const digest = `sha256:${HEX}`;

describe("the JSON of composefs-from-json", () => {
	test("has all types of files", async () => {
		const tree = await parse([
			{ type: "dir", name: "./", mode: 0o700, modtime: "2026-01-01T00:00:00Z" },
			{ type: "dir", name: "usr/", mode: 0o40755, uid: 1, gid: 2, xattrs: { "user.a": "AAE=" } },
			{ type: "reg", name: "usr/file", mode: 0o100644, size: 100, digest },
			{ type: "chunk", name: "usr/file", offset: 5, chunkSize: 10, chunkOffset: 90 },
			{ type: "reg", name: "usr/other", size: 70, digest, "x-payload": "where/ever" },
			{ type: "reg", name: "usr/inline", size: 3, "x-content": "YWJj" },
			{ type: "reg", name: "usr/empty", mode: 0o600 },
			{ type: "symlink", name: "usr/link", linkName: "../x", mode: 0o777 },
			{ type: "hardlink", name: "usr/again", linkName: "./usr/file" },
			{ type: "char", name: "null", devMajor: 1, devMinor: 3 },
			{ type: "block", name: "disk", devMajor: 8, devMinor: 70_000 },
			{ type: "fifo", name: "pipe" },
		]);
		expect(validate(tree)).toEqual([]);
		expect(tree.root).toMatchObject({ mode: 0o700, mtimeNs: 1_767_225_600_000_000_000n });
		expect(tree.get("usr")).toMatchObject({ mode: 0o755, uid: 1, gid: 2 });
		expect(tree.get("usr")?.xattrs).toEqual(new Map([["user.a", Uint8Array.of(0, 1)]]));
		const path = `${HEX.slice(0, 2)}/${HEX.slice(2)}`;
		expect(tree.get("usr/file")).toMatchObject({
			type: "file",
			mode: 0o644,
			size: 100,
			path,
			digest: undefined,
		});
		expect(tree.get("usr/other")).toMatchObject({ size: 70, path: "where/ever" });
		expect(tree.get("usr/inline")).toMatchObject({ content: Buffer.from("abc") });
		expect(tree.get("usr/empty")).toMatchObject({ mode: 0o600, content: new Uint8Array(0) });
		expect(tree.get("usr/link")).toMatchObject({ type: "symlink", target: "../x" });
		expect(tree.get("usr/again")).toBe(tree.get("usr/file"));
		expect(tree.get("disk")).toMatchObject({ type: "block-device", rdev: { major: 8, minor: 70_000 } });
		expect(tree.get("pipe")).toMatchObject({ type: "fifo", mode: 0 });
	});

	test("makes parents that have no entry, which an entry may describe later", async () => {
		const tree = await parse([
			{ type: "reg", name: "/a//./b/c" },
			{ type: "dir", name: "a", mode: 0o500 },
			{ type: "fifo", name: "a/b/d" },
		]);
		expect(tree.get("a")).toMatchObject({ type: "directory", mode: 0o500 });
		expect(tree.get("a/b")).toMatchObject({ type: "directory", mode: 0o755, mtimeNs: 0n });
		expect(tree.readdir("a/b")).toEqual(["c", "d"]);
	});

	test("an empty list is an empty root", async () => {
		const { root } = await parse([]);
		expect(root).toMatchObject({ mode: 0o755, mtimeNs: 0n });
		expect(root.children.size).toBe(0);
	});

	test("later documents replace what earlier ones have; directories keep what is in them", async () => {
		const tree = await parse(
			[
				{ type: "dir", name: "a", mode: 0o500 },
				{ type: "fifo", name: "a/b" },
				{ type: "dir", name: "c" },
				{ type: "fifo", name: "c/d" },
				{ type: "fifo", name: "e" },
			],
			[
				{ type: "dir", name: "a", mode: 0o700 },
				{ type: "reg", name: "a/x" },
				{ type: "hardlink", name: "a/y", linkName: "a/b" },
				{ type: "symlink", name: "c", linkName: "a" },
				{ type: "reg", name: "e" },
				{ type: "reg", name: "f/g" },
				{ type: "dir", name: "f", mode: 0o711 },
			],
		);
		expect(tree.get("a")).toMatchObject({ mode: 0o700 });
		expect(tree.readdir("a")).toEqual(["b", "x", "y"]);
		expect(tree.get("a/y")).toBe(tree.get("a/b"));
		expect([tree.get("c")?.type, tree.get("e")?.type]).toEqual(["symlink", "file"]);
		expect(tree.get("f")).toMatchObject({ mode: 0o711 });
	});

	test("names are compared byte by byte on the way", async () => {
		const names = ["a/b/c/1", "a/b/cc/1", "a/b/c/2", "a/bb/c/1", "é/x/1", "é/x/2", "è/x/1", "a/b/c/3", "a/4"];
		const tree = await parse(names.map((name) => ({ type: "fifo", name })));
		for (const name of names) expect(tree.get(name)?.type).toBe("fifo");
		expect([...tree.walk()]).toHaveLength(1 + names.length + 10);
	});

	const reg = { type: "reg", name: "a" };
	test.each<[string, string, Json[]]>([
		["the same path twice", "path-duplicate", [reg, { type: "fifo", name: "./a/" }]],
		[
			"a directory twice",
			"path-duplicate",
			[
				{ type: "dir", name: "a" },
				{ type: "dir", name: "a/" },
			],
		],
		[
			"the root twice",
			"path-duplicate",
			[
				{ type: "dir", name: "/" },
				{ type: "dir", name: "." },
			],
		],
		["a root that is a file", "type", [{ type: "reg", name: "./" }]],
		["a file as parent", "parent", [reg, { type: "reg", name: "a/b" }]],
		["a name that leads out", "name", [{ type: "reg", name: "a/../b" }]],
		["a name that ends outside", "name", [{ type: "reg", name: ".." }]],
		["a name that is too long", "name", [{ type: "reg", name: "n".repeat(256) }]],
		["a name with a NUL", "name", [{ type: "reg", name: "a\0b" }]],
		["a path that is too deep", "name", [{ type: "reg", name: "d/".repeat(3000) }]],
		["a hard link to what comes later", "hard-link", [{ type: "hardlink", name: "b", linkName: "a" }, reg]],
		["a hard link to a directory", "hard-link", [{ type: "hardlink", name: "b", linkName: "" }]],
		[
			"a hard link to a whiteout",
			"hard-link",
			[
				{ type: "char", name: "a" },
				{ type: "hardlink", name: "b", linkName: "a" },
			],
		],
		["a hard link over ..", "hard-link", [reg, { type: "hardlink", name: "b", linkName: "../a" }]],
		["a hard link to nothing", "link", [{ type: "hardlink", name: "b" }]],
		["a symlink to nothing", "link", [{ type: "symlink", name: "b" }]],
		["a symlink with an empty target", "link", [{ type: "symlink", name: "b", linkName: "" }]],
		["a symlink that is too long", "link", [{ type: "symlink", name: "b", linkName: "l".repeat(4096) }]],
		["type bits of another type", "mode", [{ ...reg, mode: 0o40755 }]],
		["type bits of none", "mode", [{ ...reg, mode: 0o110755 }]],
		["content of another size", "content", [{ ...reg, size: 4, "x-content": "YWJj" }]],
		["content of a symlink", "content", [{ type: "symlink", name: "a", linkName: "b", "x-content": "YWJj" }]],
		["content twice", "content", [{ ...reg, "x-payload": "b", "x-content": "YWJj" }]],
		["content that is too long", "content", [{ ...reg, "x-content": Buffer.alloc(5001).toString("base64") }]],
		["an empty path of an object", "payload", [{ ...reg, "x-payload": "" }]],
		[
			"xattrs that are too long",
			"xattr",
			[{ ...reg, xattrs: { "user.a": Buffer.alloc(65_536).toString("base64") } }],
		],
		["an xattr without a name", "xattr", [{ ...reg, xattrs: { "": "" } }]],
	])("%s breaks the rule %s", async (_what, rule, entries) => {
		await expectRule(parse(entries), rule);
		await expectRule(parse([{ type: "fifo", name: "before" }], entries), rule);
	});

	test("errors name the path and the place, and which document", async () => {
		const text = tocJson([
			{ type: "fifo", name: "x" },
			{ type: "dir", name: "x/a" },
		]);
		const offset = text.lastIndexOf('"type"');
		await expectRule(parseTocJson([text]), "parent", { path: "x/a", offset });
		await expect(parseTocJson([tocJson([]), text])).rejects.toThrow(/^document 2: offset \d+: x\/a: /);
	});

	test("limits hold", async () => {
		const limits = { entries: 2, size: 1000 };
		const entries = ["a", "b", "c"].map((name) => ({ type: "fifo", name }));
		await expectRule(parseTocJson([tocJson(entries)], { limits }), "entries", { limit: 2 });
		await expectRule(parseTocJson([tocJson([{ type: "fifo", name: "n".repeat(999) }])], { limits }), "size");
	});

	test("no name reaches a prototype", async () => {
		const tree = await parse([
			{ type: "dir", name: "__proto__" },
			{ type: "fifo", name: "__proto__/constructor" },
		]);
		expect(tree.get("__proto__/constructor")?.type).toBe("fifo");
	});

	test("holds every tree of names that are text, and all times of four-digit years", async () => {
		await fc.assert(
			fc.asyncProperty(arbitraryTree(), async (tree) => {
				const entries = entriesOf(tree);
				fc.pre(entries !== undefined);
				expect(listing(await parse(entries))).toEqual(listing(tree));
			}),
			{ numRuns: 300 },
		);
	});

	test("does not stall the event loop", async () => {
		const entries = Array.from({ length: 30_000 }, (_, n) => ({
			type: "reg",
			name: `d${n % 300}/f${n}`,
			size: 1,
			digest,
		}));
		const text = tocJson(entries);
		expect(await countTurns(() => parseTocJson([text]))).toBeGreaterThan(5);
	});
});

/** What the tool wrote, as dump text for mkcomposefs: the same tree, but for its mistakes. */
const TOC = [
	{ type: "dir", name: "usr/", mode: 493, modtime: "2023-05-04T03:02:01Z" },
	{ type: "reg", name: "usr/bash", mode: 493, size: 1265648, modtime: "2022-03-27T18:40:01Z", digest },
	{ type: "hardlink", name: "usr/sh", linkName: "usr/bash" },
	{ type: "reg", name: "usr/small", mode: 420, uid: 10, gid: 11, size: 3, "x-content": "YWJj" },
	{
		type: "reg",
		name: "etc/passwd",
		mode: 384,
		size: 66,
		"x-payload": "12/34",
		xattrs: { "user.k": "dmFs" },
	},
	{ type: "symlink", name: "bin", linkName: "usr/bin", mode: 511 },
	{ type: "char", name: "null", mode: 438, devMajor: 1, devMinor: 3 },
];
const DUMP = `/ 0 40755 4 0 0 0 0.0 - - -
/usr 0 40755 2 0 0 0 1683169321.0 - - -
/usr/bash 1265648 100755 2 0 0 0 1648406401.0 ${HEX.slice(0, 2)}/${HEX.slice(2)} - -
/usr/sh 0 @100755 2 0 0 0 0.0 /usr/bash - -
/usr/small 3 100644 1 10 11 0 0.0 - abc -
/etc 0 40755 2 0 0 0 0.0 - - -
/etc/passwd 66 100600 1 0 0 0 0.0 12/34 - - user.k=val
/bin 7 120777 1 0 0 0 0.0 usr/bin - -
/null 0 20666 1 0 0 259 0.0 - - -
`;

describe("images from the JSON of composefs-from-json", () => {
	test("are those of the same dump", async () => {
		const [ours, dumped] = [await parse(TOC), await parseDump(DUMP)];
		expect(listing(ours)).toEqual(listing(dumped));
		expect((await writeImage(ours)).digest).toBe((await writeImage(dumped)).digest);
	});

	describeIf("mkcomposefs", findProgram("mkcomposefs"), "there is no mkcomposefs", (mkcomposefs) => {
		const file = useTemporaryFolder();

		test("writes the same bytes", async () => {
			const [dump, theirs] = [file("dump"), file("theirs")];
			writeFileSync(dump, DUMP);
			expect(spawnSync(mkcomposefs, ["--from-file", dump, theirs]).status).toBe(0);
			const { image } = await writeImage(await parse(TOC));
			expect(Buffer.compare(image, readFileSync(theirs))).toBe(0);
		});
	});
});
