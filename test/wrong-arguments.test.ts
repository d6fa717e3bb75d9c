import { describe, expect, test } from "@jest/globals";
import * as directory from "../src/directory/index.ts";
import * as dump from "../src/dump/index.ts";
import * as image from "../src/image/index.ts";
import * as composefs from "../src/index.ts";
import * as mount from "../src/mount/index.ts";
import * as store from "../src/store/index.ts";
import * as tar from "../src/tar/index.ts";
import * as toc from "../src/toc/index.ts";
import { useTemporaryFolder } from "./support/temporary.ts";

// Those of composefs/oci: test/oci/arguments.test.ts.

const temporary = useTemporaryFolder();
const { Tree } = composefs;
const digest = "0".repeat(64);
const wrong = [undefined, null, {}, [], 5, true, 10n, "\0", () => 1];

/** As a program without types calls it. */
type Call = (wrong: never) => unknown;

async function drain(chunks: AsyncIterable<unknown>): Promise<void> {
	for await (const _chunk of chunks);
}

const calls: Record<string, Call> = {
	writeImage: (tree) => composefs.writeImage(tree, { digestOnly: true }),
	"writeImage to": (to) => composefs.writeImage(new Tree(), { to }),
	copyTree: (tree) => composefs.copyTree(tree),
	diff: (both) => composefs.diff(both, both),
	computeDigest: (content) => composefs.computeDigest(content),
	computeDigests: (files) => composefs.computeDigests(files),
	file: (content) => composefs.file(content),
	"Tree.get": (path) => new Tree().get(path),
	"Tree.mkdir": (path) => new Tree().mkdir(path),
	"Tree.symlink": (target) => new Tree().symlink(target, "/a"),
	"Tree.rename": (path) => new Tree().rename(path, path),
	readImage: (source) => image.readImage(source),
	openImage: (source) => image.openImage(source),
	imageInfo: (source) => image.imageInfo(source),
	listObjects: (source) => image.listObjects(source),
	missingObjects: (folders) => image.missingObjects(new Tree(), folders),
	verifyImage: (source) => image.verifyImage(source, digest),
	"ObjectStore.open": (folder) => store.ObjectStore.open(folder),
	mount: (path) => mount.mount(path, temporary("target"), { objects: [] }),
	mountSpec: (path) => mount.mountSpec(path, "/target", { objects: [] }),
	mountImage: (source) => mount.mountImage(source, temporary("target")),
	unmount: (target) => mount.unmount(target),
	fromDirectory: (source) => directory.fromDirectory(source),
	readTar: (source) => drain(tar.readTar(source)),
	writeTar: (tree) => drain(tar.writeTar(tree)),
	compress: (source) => drain(tar.compress(source)),
	decompress: (source) => drain(tar.decompress(source)),
	parseDump: (text) => dump.parseDump(text),
	formatDump: (tree) => dump.formatDump(tree),
	formatDumpChunks: (tree) => [...dump.formatDumpChunks(tree)],
	parseTocJson: (documents) => toc.parseTocJson(documents),
	writeChunkedLayer: (tree) => toc.writeChunkedLayer(tree, { to: temporary("layer") }),
	"options of writeChunkedLayer": (options) => toc.writeChunkedLayer(new Tree(), options),
};

/** What is thrown for wrong values and is no ComposefsError. */
async function strangers(call: Call): Promise<unknown[]> {
	const found: unknown[] = [];
	for (const value of wrong)
		try {
			await call(value as never);
		} catch (error) {
			if (!(error instanceof composefs.ComposefsError)) found.push([value, error]);
		}
	return found;
}

describe("a wrong argument is told of as one", () => {
	test.each(Object.entries(calls))("%s", async (_name, call) => {
		expect(await strangers(call)).toEqual([]);
	});

	test("of a store", async () => {
		const opened = await store.ObjectStore.open(temporary("objects"), { create: true });
		const methods: Record<string, Call> = {
			put: (content) => opened.put(content),
			putFiles: (files) => opened.putFiles(files),
			find: (contents) => opened.find(contents),
			has: (name) => opened.has(name),
			stat: (name) => opened.stat(name),
			open: (name) => opened.open(name),
			verify: (name) => opened.verify(name),
			missing: (source) => opened.missing(source),
			gc: (images) => opened.gc(images),
			fsck: (images) => opened.fsck(images),
		};
		for (const [name, call] of Object.entries(methods))
			expect([name, await strangers(call)]).toEqual([name, []]);
		await opened.close();
	});
});
