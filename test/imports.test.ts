import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "@jest/globals";
import { LIB, runModule } from "./support/child.ts";
import { projectRoot } from "./support/needs.ts";

/** Paths below a folder of the project, without `.ts`. */
function sources(folder: string, ending = ".ts"): string[] {
	return readdirSync(path.join(projectRoot, folder), { recursive: true, encoding: "utf8" })
		.filter((file) => file.endsWith(ending) && !file.endsWith(".d.ts"))
		.map((file) => file.slice(0, -ending.length));
}

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
	"names",
	"inode",
	"inode-index",
	"met-directories",
	"limits",
	"tree",
	"tree-path",
	"slices",
	"parallel",
	"time",
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

	test("nobody knows of the command line but itself", () => {
		const library = all.filter((source) => !source.startsWith("cli/"));
		expect(library.flatMap(importsOf).filter((target) => target.startsWith("cli/"))).toEqual([]);
	});
});

/** Sources without a test of their own, and the test that goes through them. The list is to get shorter. */
const TESTED_BY: Readonly<Record<string, string>> = {
	addon: "native",
	content: "store/writer",
	"cli/doctor/check": "cli/doctor",
	"cli/json": "cli/dump",
	"cli/options": "cli/main",
	"cli/sources/read-oci": "cli/sources/oci",
	"decompress-error": "decompress",
	gunzip: "decompress",
	zstd: "decompress",
	"tar/content": "tar/read-streams",
	"tar/describe": "tar/read",
	"tar/entry": "tar/read",
	"tar/fault": "tar/read-refused",
	"tar/reader": "tar/read-streams",
	"tar/write-content": "toc/write",
	"tar/write-entries": "tar/write",
	"tar/write-header": "tar/write",
	"image/build": "image/read",
	"image/bytes": "image/inode",
	"image/claims": "image/read",
	"image/fault": "image/superblock",
	"image/image": "image/open",
	"image/stat": "image/open",
	"sandbox/fault": "sandbox/child",
	"sandbox/operations": "sandbox/sandbox",
	"sandbox/reply": "sandbox/child",
	"sandbox/spawn": "sandbox/child",
	"sandbox/worker": "sandbox/escape",
	"image/listing": "image/read",
	"image/walk": "image/read",
	"dump/lines": "dump/format",
	"store/digest": "store/store",
	"store/find": "store/content-index",
	"store/inspect": "store/fsck",
	"store/list": "store/gc",
	"store/references": "store/fsck",
	"store/stored": "store/writer",
	"store/stream": "store/writer",
	"oci/copy/destination": "oci/copy/copy",
	"oci/hash-zeros": "oci/partial/fetch",
	"oci/partial/checked-content": "oci/partial/fetch",
	"oci/partial/table": "oci/partial/fetch",
	"oci/partial/wanted": "oci/partial/fetch",
	"oci/registry/answer-parts": "oci/registry/registry-blob",
	"oci/registry/blob-reader": "oci/registry/registry-blob",
	"oci/registry/document": "oci/registry/client",
	"oci/registry/endpoint": "oci/registry/registry-blob",
	"oci/registry/fault": "oci/registry/retry",
	"oci/registry/manifests": "oci/registry/client",
	"oci/registry/push": "oci/registry/repository",
	"oci/registry/referrers": "oci/sealing/verify",
	"oci/registry/token": "oci/registry/authorizer",
	"oci/sealing/compute": "oci/sealing/verify",
	"oci/sealing/seal": "oci/sealing/inline",
	"toc/annotations": "toc/read",
	"toc/chunks": "toc/layer-entries",
	"toc/entry": "toc/document",
	"toc/entry-types": "toc/document",
	"toc/estargz": "toc/read",
	"toc/fault": "toc/read",
	"toc/feed": "toc/document",
	"toc/fetch": "toc/read",
	"toc/footer": "toc/read",
	"toc/headers": "toc/tar-split",
	"toc/inodes": "toc/parse",
	"toc/join": "toc/tar-split",
	"toc/json": "toc/document",
	"toc/layer-encoder": "toc/write",
	"toc/limits": "toc/read",
	"toc/locate": "toc/read",
	"toc/location": "toc/read",
	"toc/window": "toc/document",
	"toc/write-entry": "toc/write",
	"toc/write-frames": "toc/write",
	"toc/write-tar-split": "toc/write",
	"toc/xattrs": "toc/parse",
	"toc/zstd-chunked": "toc/read",
};

describe("the map of tests", () => {
	const tests = sources("test", ".test.ts");
	// index.ts files only re-export.
	const tested = all.filter((source) => path.basename(source) !== "index");

	test.each(tested)("%s has its test", (source) => {
		expect(tests).toContain(TESTED_BY[source] ?? source);
	});

	test("lists no source as tested by another that is gone, or has its own test", () => {
		const listed = Object.keys(TESTED_BY);
		expect(listed.filter((source) => !all.includes(source) || tests.includes(source))).toEqual([]);
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
				..."ComposefsError LIMITS Tree bytesToName compareNames computeDigest device directory fifo file".split(
					" ",
				),
				..."fileSize isWhiteout nameToBytes socket symlink validate whiteout writeImage".split(" "),
			]),
		);
		expect(exportsOf("composefs/store")).toEqual(["ObjectStore"]);
		expect(exportsOf("composefs/oci")).toEqual(
			expect.arrayContaining(
				"applyLayer canonicalise layerTree openArchive openLayout planPull pullImage readLayer resolveImage verifiedBlob".split(
					" ",
				),
			),
		);
		expect(exportsOf("composefs/dump")).toEqual(["formatDump", "formatDumpChunks", "parseDump"]);
		expect(exportsOf("composefs/mount")).toEqual(["mount", "mountImage", "mountSpec", "unmount"]);
		expect(exportsOf("composefs/tar")).toEqual(["compress", "decompress", "readTar", "writeTar"]);
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
