import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { directory, file, socket } from "../../src/inode.ts";
import { bytesToName, nameToBytes } from "../../src/names.ts";
import { Contents } from "../../src/oci/contents.ts";
import { readLayer } from "../../src/oci/layer.ts";
import { layerTree } from "../../src/oci/layer-tree.ts";
import { tarLayer } from "../../src/oci/tar-layer.ts";
import { ObjectStore } from "../../src/store/store.ts";
import { readTar } from "../../src/tar/read.ts";
import { type WriteTarOptions, writeTar } from "../../src/tar/write.ts";
import { treeEntries } from "../../src/tar/write-entries.ts";
import { Tree } from "../../src/tree.ts";
import { arbitraryTree } from "../support/arbitrary-tree.ts";
import { contentIn, makeArchivable, someBytes } from "../support/archivable-tree.ts";
import { describeTree } from "../support/described-tree.ts";
import { lines } from "../support/layers.ts";
import { describeIf, findProgram } from "../support/needs.ts";
import { readArchive } from "../support/read-archive.ts";
import { useTemporaryFolder } from "../support/temporary.ts";

const temporary = useTemporaryFolder();
let store: ObjectStore;
beforeEach(async () => {
	store = await ObjectStore.open(temporary("objects"), { sync: "never" });
});
afterEach(() => store.close());

async function written(tree: Tree, options?: WriteTarOptions): Promise<Buffer> {
	const pieces: Uint8Array[] = [];
	for await (const piece of writeTar(tree, options)) pieces.push(piece);
	return Buffer.concat(pieces);
}

/** The tree that an archive's layer is. */
async function readBack(archive: Buffer): Promise<Tree> {
	const contents = new Contents(store);
	const layer = await readLayer(tarLayer(readTar([archive]), contents, 2 ** 40));
	await contents.settled();
	await store.flush();
	return layer.marks.below.size > 0 || layer.marks.removed.size > 0 ? layerTree(layer) : new Tree(layer.root);
}

test("bug: the names of a wide directory were sorted in one go", async () => {
	const wide = new Tree();
	for (let n = 0; n < 20_000; n++) wide.mkdir(`/${(n * 7919) % 20_000}`);
	const entries = [...treeEntries(wide, "oci")];
	expect(entries.filter((entry) => entry === undefined).length).toBeGreaterThan(20_000 / 1100);
	const paths = Array.from(wide.walk(), ({ path }) => path);
	expect(entries.flatMap((entry) => entry?.path ?? [])).toEqual(paths);
	expect(Array.from((await readBack(await written(wide))).walk(), ({ path }) => path)).toEqual(paths);
});

/** What is hard to say in headers. */
function nastyTree(): Tree {
	const tree = new Tree(directory({ mode: 0o1777, mtimeNs: 5n }));
	tree.mkdir("/usr");
	tree.writeFile(`/usr/${"n".repeat(100)}`, Buffer.from("long"), { mtimeNs: -1n });
	tree.writeFile(`/usr/${"n".repeat(91)}`, Buffer.from("not longer than a field"));
	tree.writeFile("/usr/é", Buffer.from("utf8"), { mtimeNs: 1_700_000_000_120_000_000n });
	tree.writeFile(bytesToName(Buffer.from("/usr/caf\xe9", "latin1")), Buffer.from("latin1"));
	tree.writeFile("/usr/owned", Buffer.from("x"), { uid: 2 ** 32 - 1, gid: 2 ** 21, mtimeNs: -(10n ** 18n) });
	tree.writeFile("/usr/later", Buffer.from(""), { mtimeNs: 2n ** 34n * 10n ** 9n });
	tree.symlink("t".repeat(101), "/usr/link");
	tree.symlink(bytesToName(Buffer.from([0xff, 0xfe])), "/usr/odd-link");
	tree.link("/usr/owned", "/usr/zz-hard");
	tree.mknod("/usr/device", "block-device", { major: 4095, minor: 2 ** 20 - 1 });
	tree.mknod("/usr/fifo", "fifo");
	tree.writeFile("/usr/attributed", Buffer.from("x"), {
		xattrs: [
			["user.a=b%3D%25%", Buffer.from([0, 10, 61])],
			["user.empty", Buffer.alloc(0)],
			["security.capability", Buffer.from("0100000200240000000000000000000000000000", "hex")],
		],
	});
	return tree;
}

describe("a tree comes back from its archive", () => {
	test("whatever it is", async () => {
		await fc.assert(
			fc.asyncProperty(arbitraryTree(), async (arbitrary) => {
				const tree = await makeArchivable(arbitrary, store);
				const before = await describeTree(tree, contentIn(store));
				const back = await readBack(await written(tree, { store, marks: "overlay" }));
				expect(await describeTree(back, contentIn(store))).toEqual(before);
			}),
			{ numRuns: 60 },
		);
	});

	test("with all that is hard to say", async () => {
		const tree = nastyTree();
		const back = await readBack(await written(tree));
		expect(await describeTree(back, contentIn(store))).toEqual(await describeTree(tree, contentIn(store)));
	});

	test("with files that are read ahead, and such as are not", async () => {
		const tree = new Tree();
		for (const [at, size] of [0, 1, 65, 511, 512, 513, 262_144, 262_145, 524_288, 1_600_000].entries())
			tree.writeFile(`/${at}`, await store.put(someBytes(size, at + 1)));
		await store.flush();
		const back = await readBack(await written(tree, { store }));
		expect(await describeTree(back, contentIn(store))).toEqual(await describeTree(tree, contentIn(store)));
	});

	test("a layer's marks are whiteouts and opaque directories", async () => {
		const tree = new Tree();
		tree.mkdir("/a/b", { recursive: true, xattrs: [["user.x", Buffer.from("1")]] });
		tree.mkdir("/opaque", { xattrs: [["trusted.overlay.opaque", Buffer.from("y")]] });
		tree.whiteout("/a/gone");
		const archive = await written(tree);
		expect((await readArchive(archive)).map(({ name }) => name)).toEqual([
			"./",
			"a/",
			"a/b/",
			"a/.wh.gone",
			"opaque/",
			"opaque/.wh..wh..opq",
		]);
		const back = await readBack(archive);
		expect(lines(back)).toEqual(["a/", "a/b/", "a/gone (0:0)", "opaque/"]);
		expect(back.get("/opaque")?.xattrs).toEqual(new Map([["trusted.overlay.opaque", Buffer.from("y")]]));
	});
});

test("containerd takes file capabilities away under further names, so these have them too", async () => {
	const tree = new Tree();
	const capability = Buffer.from("0100000200240000000000000000000000000000", "hex");
	const xattrs = [["security.capability", capability] as const, ["user.a", Buffer.from("1")] as const];
	tree.writeFile("/a", Buffer.from("program"), { mode: 0o755, xattrs });
	tree.link("/a", "/b");
	const archive = await written(tree);
	const [, file, link] = await readArchive(archive);
	expect(file?.xattrs).toEqual(new Map(xattrs));
	expect(link).toMatchObject({ name: "b", type: "hardlink", linkName: "a" });
	expect(link?.xattrs).toEqual(new Map([["security.capability", capability]]));
	const contents = contentIn(store);
	expect(await describeTree(await readBack(archive), contents)).toEqual(await describeTree(tree, contents));
});

describe("the bytes", () => {
	test("are those of the tree, whatever order it was made in", async () => {
		const forwards = new Tree();
		const backwards = new Tree();
		const names = ["a", "b", "c"];
		for (const name of names) forwards.writeFile(`/${name}`, Buffer.from(name));
		for (const name of names.reverse()) backwards.writeFile(`/${name}`, Buffer.from(name));
		expect((await written(forwards)).equals(await written(backwards))).toBe(true);
	});

	test("are these", async () => {
		const tree = new Tree();
		tree.writeFile("/é", Buffer.from("content"), { mtimeNs: 1_500_000_000n });
		const archive = await written(tree);
		expect(archive.length).toBe(512 + 1024 + 512 + 512 + 1024);
		expect(archive.toString("utf8", 1024, 1024 + 29)).toBe("11 path=é\n13 mtime=1.5\n".padEnd(28, "\0"));
	});

	test("come in pieces that are no smaller than they must be", async () => {
		const tree = new Tree();
		for (let n = 0; n < 1000; n++) tree.writeFile(`/${n}`, Buffer.from("x"));
		let pieces = 0;
		for await (const _piece of writeTar(tree)) pieces++;
		expect(pieces).toBe(16);
	});
});

describe("what cannot be written", () => {
	const failure = (tree: Tree, options?: WriteTarOptions) => expect(written(tree, options)).rejects;

	test("a socket", async () => {
		const tree = new Tree();
		tree.root.children.set("s", socket());
		await failure(tree).toMatchObject({ code: "ERR_COMPOSEFS_INODE", rule: "socket", path: "/s" });
	});

	test("a name that would be a whiteout, unless it is to be none", async () => {
		const tree = new Tree();
		tree.writeFile("/.wh.a", Buffer.from(""));
		await failure(tree).toMatchObject({ code: "ERR_COMPOSEFS_NAME", rule: "whiteout-name", path: "/.wh.a" });
		expect((await readArchive(await written(tree, { marks: "overlay" }))).map(({ name }) => name)).toEqual([
			"./",
			".wh.a",
		]);
	});

	test("what breaks a rule of trees", async () => {
		const tree = new Tree();
		tree.root.children.set("a/b", file());
		await failure(tree).toMatchObject({ code: "ERR_COMPOSEFS_NAME", rule: "name-slash" });
	});

	test.each([
		["too short", 600_000, 599_999],
		["too short by a piece", 1_048_576, 524_288],
		["too long", 600_000, 600_001],
		["too short, read ahead", 600, 599],
		["too long, read ahead", 600, 601],
	])("an object that is %s", async (_title, size, actual) => {
		const { digest, path } = await store.put(someBytes(actual, 1));
		const tree = new Tree();
		tree.root.children.set("f", file({ size, digest, path }));
		await store.flush();
		await failure(tree, { store }).toMatchObject({
			code: "ERR_COMPOSEFS_STORE",
			rule: "object-size",
			path: "/f",
			limit: size,
		});
	});

	test("marks of no kind", async () => {
		await failure(new Tree(), { marks: "aufs" as "oci" }).toMatchObject({ rule: "marks" });
	});

	test("anything, once the signal is aborted", async () => {
		const reason = new Error("stop");
		await failure(new Tree(), { signal: AbortSignal.abort(reason) }).toBe(reason);
	});
});

describeIf("GNU tar", gnuTar(), "GNU tar is not on PATH", (tar) => {
	test("lists all names, and finds nothing wrong", async () => {
		const tree = nastyTree();
		writeFileSync(temporary("a.tar"), await written(tree));
		const options = ["--quoting-style=literal", "--null", "-tf", temporary("a.tar")];
		const { stdout, stderr, status } = spawnSync(tar, options, { encoding: "latin1" });
		const names = [...tree.walk()].map(({ path, inode }) =>
			path === "/" ? "./" : path.slice(1) + (inode.type === "directory" ? "/" : ""),
		);
		expect(stdout).toBe(
			names.map((name) => `${Buffer.from(nameToBytes(name)).toString("latin1")}\n`).join(""),
		);
		expect(status).toBe(0);
		// It knows the record, and that it does nothing with it.
		expect(stderr.replaceAll(/.*hdrcharset.*\n/g, "")).toBe("");
	});
});

describeIf("bsdtar", findProgram("bsdtar"), "bsdtar is not on PATH", (bsdtar) => {
	test("reads sizes, owners and targets", async () => {
		writeFileSync(temporary("a.tar"), await written(nastyTree()));
		const env = { ...process.env, LC_ALL: "C.UTF-8" };
		const { stdout, status } = spawnSync(bsdtar, ["-tvnf", temporary("a.tar")], { encoding: "latin1", env });
		expect(status).toBe(0);
		expect(stdout.trim().split("\n")).toHaveLength(14);
		expect(stdout).toMatch(/4294967295 +2097152 +1 .* usr\/owned\n/);
		expect(stdout).toContain(`usr/link -> ${"t".repeat(101)}`);
		expect(stdout).toContain("usr/zz-hard link to usr/owned");
	});
});

describeIf("python3", findProgram("python3"), "python3 is not on PATH", (python) => {
	test("reads names, times, owners and xattrs", async () => {
		const tree = nastyTree();
		writeFileSync(temporary("a.tar"), await written(tree));
		const script = `
import sys, tarfile, json
with tarfile.open(sys.argv[1], "r:", encoding="utf-8", errors="surrogateescape") as archive:
    print(json.dumps([[m.name, m.mode, m.uid, m.gid, m.size, m.linkname] for m in archive]))`;
		const { stdout, stderr } = spawnSync(python, ["-c", script, temporary("a.tar")], { encoding: "utf8" });
		expect(stderr).toBe("");
		const entries = await readArchive(await written(tree));
		const expected = entries.map(({ name, mode, uid, gid, size, linkName }) => [
			...[name === "./" ? "." : name.replace(/\/$/, ""), mode, uid, gid, size, linkName],
		]);
		expect(JSON.parse(stdout)).toEqual(expected);
	});
});

function gnuTar(): string | undefined {
	const tar = findProgram("tar");
	if (tar === undefined) return undefined;
	return spawnSync(tar, ["--version"], { encoding: "utf8" }).stdout.includes("GNU tar") ? tar : undefined;
}
