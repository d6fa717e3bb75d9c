import { createHash } from "node:crypto";
import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { bytesBlob } from "../../src/blob.ts";
import { decompress } from "../../src/decompress.ts";
import { directory, type Inode } from "../../src/inode.ts";
import { bytesToName } from "../../src/names.ts";
import { readLayer } from "../../src/oci/layer.ts";
import { ObjectStore } from "../../src/store/store.ts";
import { writeTar } from "../../src/tar/write.ts";
import { readToc } from "../../src/toc/read.ts";
import { type ChunkedLayer, type WriteChunkedLayerOptions, writeChunkedLayer } from "../../src/toc/write.ts";
import { Tree } from "../../src/tree.ts";
import { arbitraryTree } from "../support/arbitrary-tree.ts";
import { contentIn, makeArchivable, someBytes } from "../support/archivable-tree.ts";
import { describeTree } from "../support/described-tree.ts";
import { useTemporaryFolder } from "../support/temporary.ts";

const temporary = useTemporaryFolder();
let store: ObjectStore;
beforeEach(async () => {
	store = await ObjectStore.open(temporary("objects"), { sync: "never" });
});
afterEach(() => store.close());

const sha256 = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");

async function gathered(source: AsyncIterable<Uint8Array>): Promise<Buffer> {
	const pieces: Uint8Array[] = [];
	for await (const piece of source) pieces.push(piece);
	return Buffer.concat(pieces);
}

interface Written extends ChunkedLayer {
	readonly bytes: Buffer;
}

async function written(tree: Tree, options: Partial<WriteChunkedLayerOptions> = {}): Promise<Written> {
	const to = temporary("layer");
	const layer = await writeChunkedLayer(tree, { store, to, ...options });
	return { ...layer, bytes: readFileSync(to) };
}

/** The layer's files as its table says where they are: each chunk decompressed by itself, and checked. */
async function readBack({
	bytes,
	descriptor,
}: Written): Promise<{ tree: Tree; contents: Map<Inode, Buffer> }> {
	const toc = await readToc(bytesBlob(bytes), { annotations: descriptor.annotations });
	if (toc === undefined) throw new Error("the layer has no table");
	const contents = new Map<Inode, Buffer>();
	for (const { inode, digest, size, chunks } of toc.files.values()) {
		const parts: Buffer[] = [];
		for (const { range, size: chunkSize, digest: chunkDigest } of chunks) {
			const part =
				range === undefined
					? Buffer.alloc(chunkSize)
					: await gathered(decompress([bytes.subarray(range.start, range.end)]));
			expect(part.length).toBe(chunkSize);
			if (chunkDigest !== undefined) expect(sha256(part)).toBe(chunkDigest);
			parts.push(part);
		}
		const content = Buffer.concat(parts);
		expect([content.length, sha256(content)]).toEqual([size, digest]);
		contents.set(inode, content);
	}
	const { root } = await readLayer(toc.entries);
	return { tree: new Tree(root), contents };
}

/** Times that a table can have. */
function clampTimes(tree: Tree): Tree {
	for (const { inode } of tree.walk()) inode.mtimeNs = BigInt.asIntN(63, inode.mtimeNs);
	return tree;
}

describe("a layer", () => {
	test("comes back from its table of contents, whatever its tree is", async () => {
		await fc.assert(
			fc.asyncProperty(arbitraryTree(), fc.constantFrom(4096, 65_536), async (arbitrary, chunkSize) => {
				const tree = clampTimes(await makeArchivable(arbitrary, store));
				const before = await describeTree(tree, contentIn(store));
				const layer = await written(tree, { chunkSize, marks: "overlay", level: 1 }).catch((error) => {
					if (error.rule !== "xattr-lossy") throw error;
				});
				if (layer === undefined) return;
				const { tree: back, contents } = await readBack(layer);
				expect(await describeTree(back, (inode) => contents.get(inode) as Buffer)).toEqual(before);
				const tar = await gathered(decompress([layer.bytes]));
				expect(layer.diffId).toBe(`sha256:${sha256(tar)}`);
				expect(tar.equals(await gathered(writeTar(tree, { store, marks: "overlay" })))).toBe(true);
			}),
			{ numRuns: 60 },
		);
	});

	test("is what its descriptor says", async () => {
		const { descriptor, bytes } = await written(new Tree());
		expect(descriptor).toMatchObject({
			mediaType: "application/vnd.oci.image.layer.v1.tar+zstd",
			digest: `sha256:${sha256(bytes)}`,
			size: bytes.length,
		});
		// By its footer, too.
		const toc = await readToc(bytesBlob(bytes));
		expect(toc).toMatchObject({ isVouched: false, entries: [{ name: "./" }] });
	});

	test("is the same each time; the level changes its bytes, and not its diffId", async () => {
		const tree = new Tree();
		for (const [at, size] of [100, 70_000, 300_000, 2_000_000].entries())
			tree.writeFile(`/${at}`, await store.put(someBytes(size, at + 1)));
		await store.flush();
		const [one, two] = [await written(tree), await written(tree)];
		expect(two.descriptor).toEqual(one.descriptor);
		const other = await written(tree, { level: 19 });
		expect(other.diffId).toBe(one.diffId);
		expect(other.descriptor.digest).not.toBe(one.descriptor.digest);
	});

	test("keeps names apart that look the same in its table", async () => {
		const tree = new Tree();
		for (const byte of [0x80, 0xfe, 0xff])
			tree.writeFile(bytesToName(Buffer.from([0x2f, 0x61, byte])), Buffer.from([byte]));
		const { tree: back, contents } = await readBack(await written(tree));
		const bytes = (inode: Inode) => contents.get(inode) as Buffer;
		expect(await describeTree(back, bytes)).toEqual(await describeTree(tree, bytes));
	});
});

describe("chunks", () => {
	async function chunksOf(content: Buffer, chunkSize?: number): Promise<[size: number, isHole: boolean][]> {
		const tree = new Tree();
		tree.writeFile("/a", await store.put(content));
		await store.flush();
		const { bytes, descriptor } = await written(tree, { chunkSize });
		const toc = await readToc(bytesBlob(bytes), { annotations: descriptor.annotations });
		const [file] = toc?.files.values() ?? [];
		return (file?.chunks ?? []).map(({ size, range }) => [size, range === undefined]);
	}

	test("are cut where the bytes say: what is put in front moves the others", async () => {
		const content = someBytes(2_000_000, 1);
		const plain = await chunksOf(content);
		const moved = await chunksOf(Buffer.concat([Buffer.from("in front"), content]));
		expect(plain.length).toBeGreaterThan(15);
		expect(plain.length).toBeLessThan(60);
		expect(moved.slice(1)).toEqual(plain.slice(1));
	});

	test("are smaller if they are to be, and never above 16 times the size", async () => {
		expect((await chunksOf(someBytes(500_000, 1), 4096)).length).toBeGreaterThan(80);
		expect(await chunksOf(Buffer.alloc(150_000, "a"), 4096)).toEqual([
			[65_536, false],
			[65_536, false],
			[18_928, false],
		]);
	});

	test("of 1,024 zeros or more are holes", async () => {
		const [one, zeros] = [Buffer.from("1"), (length: number) => Buffer.alloc(length)];
		expect(await chunksOf(Buffer.concat([one, zeros(1023), one]))).toEqual([[1025, false]]);
		expect(await chunksOf(Buffer.concat([one, zeros(1024), one]))).toEqual([
			[1, false],
			[1024, true],
			[1, false],
		]);
		expect(await chunksOf(Buffer.concat([zeros(2_000_000), one, zeros(1500)]))).toEqual([
			[2_000_000, true],
			[1, false],
			[1500, true],
		]);
		expect(await chunksOf(Buffer.concat([one, zeros(1023)]))).toEqual([[1024, false]]);
	});
});

describe("what cannot be written leaves nothing behind", () => {
	const failure = (tree: Tree, options?: Partial<WriteChunkedLayerOptions>) => {
		const result = written(tree, options).finally(() =>
			expect(readdirSync(temporary())).toEqual(["objects"]),
		);
		return expect(result).rejects;
	};

	test("an object that is another one", async () => {
		const stored = await store.put(someBytes(1000, 1));
		await store.flush();
		const tree = new Tree();
		tree.writeFile("/a", stored);
		const object = store.path(stored.digest);
		rmSync(object);
		writeFileSync(object, someBytes(1000, 2));
		await failure(tree).toMatchObject({
			code: "ERR_COMPOSEFS_DIGEST",
			rule: "digest",
			path: "/a",
			expected: stored.digest,
		});
		rmSync(object);
		writeFileSync(object, someBytes(999, 1));
		const details = { code: "ERR_COMPOSEFS_STORE", path: "/a", limit: 1000, actual: 999 };
		await failure(tree).toMatchObject({ ...details, rule: "object-size" });
		rmSync(object);
		await failure(tree).toMatchObject({ code: "ERR_COMPOSEFS_STORE", rule: "object-missing", path: "/a" });
	});

	test("a time that JSON cannot have", async () => {
		for (const mtimeNs of [2n ** 70n, -(2n ** 70n), -62_135_596_800n * 10n ** 9n])
			await failure(new Tree(directory({ mtimeNs }))).toMatchObject({
				code: "ERR_COMPOSEFS_INODE",
				rule: "mtime",
				path: "/",
			});
	});

	test("xattrs whose names look the same as text", async () => {
		const xattrs = [0x80, 0x81].map(
			(byte) => [bytesToName(Buffer.from([0x75, byte])), Buffer.alloc(0)] as const,
		);
		await failure(new Tree(directory({ xattrs }))).toMatchObject({
			code: "ERR_COMPOSEFS_XATTR",
			rule: "xattr-lossy",
		});
	});

	test("options that are none", async () => {
		for (const chunkSize of [0, 2048, 65_535, 2 ** 21, Number.NaN])
			await failure(new Tree(), { chunkSize }).toMatchObject({ rule: "chunk-size" });
		for (const level of [0, 23, 1.5]) await failure(new Tree(), { level }).toMatchObject({ rule: "level" });
		await failure(new Tree(), { to: "" }).toMatchObject({ code: "ERR_COMPOSEFS_ARGUMENT" });
		await failure(new Tree(), { to: temporary("none", "layer") }).toMatchObject({ code: "ENOENT" });
	});

	test("a file without a store", async () => {
		const tree = new Tree();
		tree.writeFile("/a", await store.put(someBytes(1000, 1)));
		await failure(tree, { store: undefined }).toMatchObject({ rule: "store", path: "/a" });
	});

	test("a layer that is stopped on its way", async () => {
		const tree = new Tree();
		for (let at = 0; at < 20; at++)
			tree.writeFile(`/${at}`, await store.put(someBytes(1_000_000, at * 3 + 1)));
		await store.flush();
		const reason = new Error("stop");
		for (const delay of [0, 5, 20, 60]) {
			const stop = new AbortController();
			setTimeout(() => stop.abort(reason), delay);
			await failure(tree, { signal: stop.signal, level: 15 }).toBe(reason);
		}
		await failure(tree, { signal: AbortSignal.abort(reason) }).toBe(reason);
	});
});
