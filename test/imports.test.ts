import { readFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "@jest/globals";
import { LIB, runModule } from "./support/child.ts";
import { projectRoot } from "./support/needs.ts";
import { sources } from "./support/sources.ts";

/** What a source imports from others: also types, which cost nothing to load but are as much of an arrow. */
function importsOf(source: string): string[] {
	const text = readFileSync(path.join(projectRoot, "src", `${source}.ts`), "utf8");
	const found = text.matchAll(/(?:from|import)\s+"(\.[^"]+)\.ts"/g);
	return Array.from(found, ([, target]) => path.join(path.dirname(source), target as string));
}

const SINKS = [
	"write",
	"digest",
	"digests",
	"verity",
	"zstd",
	"zstd-encode",
	"toc/layer-encoder",
	"sandbox/spawn",
	"sandbox/worker",
	"mount/mount",
	"mount/unmount",
	"mount/failure",
	"cli/version",
	...[
		"store",
		"writer",
		"files",
		"queue",
		"stream",
		"missing",
		"inspect",
		"list",
		"gc",
		"fsck",
		"options",
	].map((name) => `store/${name}`),
];
/** Sources that ask the system natively; what they make, trees, knows nothing of it. */
const NATIVE_SOURCES = ["directory/scan", "directory/problem"];
/** What trees, dumps and all other sources are made of: none of it knows of images. */
const TREE_SIDE = [
	"errors",
	"idle",
	"names",
	"inode",
	"inode-index",
	"inode-changes",
	"met-directories",
	"limits",
	"known-options",
	"tree",
	"tree-path",
	"tree-pairs",
	"walk",
	"steps",
	"sort-names",
	"copy-tree",
	"upcoming",
	"slices",
	"parallel",
	"time",
	"object-path",
	"byte-pool",
	"stat",
	"validate",
	"gate",
	"erofs",
];
const all = sources("src");

describe("arrows between sources", () => {
	test("the pattern finds imports", () => {
		expect(importsOf("write")).toContain("native");
		expect(importsOf("dump/parse")).toContain("tree");
	});

	test("only what works natively knows of the addon", () => {
		const found = all.filter((source) => importsOf(source).includes("native"));
		expect(found).toContain("write");
		expect([...SINKS, ...NATIVE_SOURCES]).toEqual(expect.arrayContaining(found));
	});

	test.each([...TREE_SIDE, ...all.filter((source) => source.startsWith("dump/"))])(
		"%s knows of no sink",
		(source) => {
			const forbidden = [...SINKS, "native", "encode", "file-path"];
			expect(importsOf(source).filter((target) => forbidden.includes(target))).toEqual([]);
			expect(importsOf(source).filter((target) => target.startsWith("cli/"))).toEqual([]);
		},
	);

	test("the tree knows of no source", () => {
		const targets = TREE_SIDE.flatMap(importsOf);
		expect(targets.filter((target) => !TREE_SIDE.includes(target))).toEqual([]);
	});

	test("images of layers know of no sink: a store is what takes contents", () => {
		// Seals are digests of images, so these are written.
		const inOci = all.filter((source) => source.startsWith("oci/") && !source.startsWith("oci/sealing/"));
		const targets = inOci.flatMap(importsOf);
		const sinks = targets.filter((target) => SINKS.includes(target) || target.startsWith("store/"));
		expect([...sinks, ...targets.filter((target) => target === "native" || target === "encode")]).toEqual([]);
	});

	test("archives, tables and directories know nothing of images of layers, which are made of them", () => {
		const folders = ["tar/", "toc/", "directory/", "dump/", "image/", "store/", "mount/"];
		const below = all.filter((source) => folders.some((folder) => source.startsWith(folder)));
		expect(below.flatMap(importsOf).filter((target) => target.startsWith("oci/"))).toEqual([]);
	});

	test("nobody knows of the command line but itself", () => {
		const library = all.filter((source) => !source.startsWith("cli/"));
		expect(library.flatMap(importsOf).filter((target) => target.startsWith("cli/"))).toEqual([]);
	});
});

describe("the compiled package", () => {
	const loads = (code: string) =>
		runModule(`${code}
			console.log(process.report.getReport().sharedObjects.some((file) => file.endsWith("composefs.node")));`);

	const entries = [
		"index",
		"dump/index",
		"directory/index",
		"mount/index",
		"oci/index",
		"store/index",
		"tar/index",
		"toc/index",
	];

	test.each(entries)("%s.js loads without the addon", (entry) => {
		expect(loads(`await import("${LIB}/${entry}.js");`)).toEqual({ ended: 0, stdout: "false\n", stderr: "" });
	});

	test("trees, the gate and dumps work without the addon", () => {
		const code = `
			const { Tree, validate } = await import("${LIB}/index.js");
			const { formatDump, parseDump } = await import("${LIB}/dump/index.js");
			validate(await parseDump(formatDump(new Tree())));`;
		expect(loads(code)).toMatchObject({ ended: 0, stdout: "false\n" });
	});

	test("archives and gzip work without the addon", () => {
		const code = `
			const { decompress, readTar } = await import("${LIB}/tar/index.js");
			const { gzipSync } = await import("node:zlib");
			for await (const entry of readTar(decompress([gzipSync(Buffer.alloc(1024))]))) throw entry;`;
		expect(loads(code)).toMatchObject({ ended: 0, stdout: "false\n" });
	});

	test("layers and profiles work without the addon", () => {
		const code = `
			const { Tree, file } = await import("${LIB}/index.js");
			const { applyLayer, canonicalise } = await import("${LIB}/oci/index.js");
			const tree = await applyLayer(new Tree(), [{ name: "usr/a", inode: file() }]);
			await canonicalise(tree, "oci");`;
		expect(loads(code)).toMatchObject({ ended: 0, stdout: "false\n" });
	});

	test("the first use loads it", () => {
		const code = `
			const { computeDigest } = await import("${LIB}/index.js");
			await computeDigest(new Uint8Array(0));`;
		expect(loads(code)).toMatchObject({ ended: 0, stdout: "true\n" });
	});

	const exportsOf = (name: string) => {
		const { ended, stdout } = runModule(
			`console.log(Object.keys(await import("${name}")).sort().join(" "));`,
		);
		expect(ended).toBe(0);
		return stdout.trim().split(" ");
	};

	test("exports by its name what users need", () => {
		expect(exportsOf("composefs")).toEqual(
			expect.arrayContaining([
				..."ComposefsError LIMITS Tree bytesToName compareNames computeDigest copyTree device directory fifo file".split(
					" ",
				),
				..."fileSize isWhiteout nameToBytes socket symlink validate whiteout writeImage".split(" "),
			]),
		);
		expect(exportsOf("composefs/store")).toEqual(["ObjectStore"]);
		expect(exportsOf("composefs/oci")).toEqual(
			expect.arrayContaining(
				"applyLayer canonicalise diffLayer layerTree makeImage openArchive openLayout planPull pullImage readLayer resolveImage verifiedBlob".split(
					" ",
				),
			),
		);
		expect(exportsOf("composefs/dump")).toEqual(["formatDump", "formatDumpChunks", "parseDump"]);
		expect(exportsOf("composefs/mount")).toEqual(["mount", "mountImage", "mountSpec", "unmount"]);
		expect(exportsOf("composefs/tar")).toEqual([
			"TAR_LIMITS",
			"compress",
			"decompress",
			"readTar",
			"writeTar",
		]);
		expect(exportsOf("composefs/toc")).toEqual([
			"TOC_LIMITS",
			"bytesBlob",
			"fileBlob",
			"locateToc",
			"parseTocJson",
			"readToc",
			"writeChunkedLayer",
		]);
	});

	test("has a file for each of its exports, and no other way in", () => {
		const { exports } = JSON.parse(readFileSync(path.join(projectRoot, "package.json"), "utf8"));
		for (const target of Object.values<string | Record<string, string>>(exports))
			for (const file of typeof target === "string" ? [target] : Object.values(target))
				expect(readFileSync(path.join(projectRoot, file), "utf8")).not.toBe("");
		const { ended, stderr } = runModule('await import("composefs/lib/native.js");');
		expect([ended, /ERR_PACKAGE_PATH_NOT_EXPORTED/.test(stderr)]).toEqual([1, true]);
	});
});
