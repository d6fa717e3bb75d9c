/** Layers' tables from blobs that were made by hand: what is wrong with them, and what is asked of a blob. */
import { describe, expect, test } from "@jest/globals";
import { type BlobSource, type ByteRange, bytesBlob } from "../../src/blob.ts";
import { type LayerToc, type ReadTocOptions, readToc } from "../../src/toc/index.ts";
import {
	type BlobParts,
	estargzBlob,
	expectRule,
	type Json,
	paxHeader,
	sha256,
	skippableFrame,
	tarHeader,
	tarSplitText,
	tocJson,
	zstdChunkedBlob,
	zstdFrame,
} from "../support/toc.ts";

const digest = `sha256:${"ab".repeat(32)}`;
const FILE = { type: "reg", name: "a", size: 10, digest, offset: 0, endOffset: 20 };

function read(
	{ bytes, annotations }: BlobParts,
	options: ReadTocOptions = {},
): Promise<LayerToc | undefined> {
	return readToc(bytesBlob(bytes), { annotations, ...options });
}

const zstd = (entries: Json[], head?: Json) => read(zstdChunkedBlob({ toc: tocJson(entries, head) }));
const estargz = (entries: Json[]) => read(estargzBlob({ toc: tocJson(entries) }));

/** A blob, and what was asked of it. */
function watched(bytes: Uint8Array): { blob: BlobSource; asked: (ByteRange | undefined)[] } {
	const asked: (ByteRange | undefined)[] = [];
	const source = bytesBlob(bytes);
	return {
		asked,
		blob: {
			...source,
			read: (options) => {
				asked.push(options?.range);
				return source.read(options);
			},
		},
	};
}

describe("layers", () => {
	test("give entries and the files' chunks", async () => {
		const toc = await zstd([
			{ type: "dir", name: "./", mode: 0o755 },
			{ ...FILE, chunkSize: 4, chunkDigest: `sha256:${"cd".repeat(32)}` },
			{ type: "chunk", name: "a", offset: 5, chunkOffset: 4, chunkSize: 4, chunkType: "zeros" },
			{ type: "chunk", name: "a", offset: 6, chunkOffset: 8, chunkSize: 2 },
			{ type: "hardlink", name: "b", linkName: "a" },
			{ type: "reg", name: ".wh.c" },
		]);
		const [, a] = toc?.entries ?? [];
		expect(toc?.entries.map(({ name, linkName }) => [name, linkName])).toEqual([
			["./", undefined],
			["a", undefined],
			["b", "a"],
			[".wh.c", undefined],
		]);
		const path = `ab/${"ab".repeat(31)}`;
		expect(a?.inode).toMatchObject({ type: "file", size: 10, path, digest: undefined });
		expect([...(toc?.files.values() ?? [])]).toEqual([
			{
				inode: a?.inode,
				digest: "ab".repeat(32),
				size: 10,
				chunks: [
					{ start: 0, size: 4, range: { start: 0, end: 5 }, digest: "cd".repeat(32) },
					{ start: 4, size: 4, range: undefined, digest: undefined },
					{ start: 8, size: 2, range: { start: 6, end: 20 }, digest: undefined },
				],
			},
		]);
	});

	test("of eStargz end chunks where the next begin, and leave out landmarks", async () => {
		const toc = await estargz([
			{ type: "reg", name: ".no.prefetch.landmark", size: 1, digest, offset: 5 },
			{ type: "reg", name: "a", size: 10, digest, offset: 97, chunkSize: 6 },
			{ type: "chunk", name: "a", offset: 100, chunkOffset: 6 },
			{ type: "dir", name: "d/", mode: 0o40755 },
			{ type: "reg", name: "d/b", size: 3, digest, offset: 200 },
			{ type: "reg", name: "d/stargz.index.json" },
		]);
		expect(toc?.entries.map(({ name }) => name)).toEqual(["a", "d/", "d/b", "d/stargz.index.json"]);
		expect([...(toc?.files.values() ?? [])].map(({ chunks }) => chunks)).toEqual([
			[
				{ start: 0, size: 6, range: { start: 97, end: 100 }, digest: undefined },
				{ start: 6, size: 4, range: { start: 100, end: 200 }, digest: undefined },
			],
			[{ start: 0, size: 3, range: { start: 200, end: 1000 }, digest: undefined }],
		]);
	});

	test("get the objects that are known", async () => {
		const blob = zstdChunkedBlob({ toc: tocJson([FILE, { ...FILE, name: "b", offset: 20, endOffset: 30 }]) });
		const object = { digest: "12".repeat(32), path: "12/34" };
		let known: typeof object | undefined = object;
		const objectOf = (hex: string, size: number) => {
			expect([hex, size]).toEqual(["ab".repeat(32), 10]);
			const found = known;
			known = undefined;
			return found;
		};
		const toc = await read(blob, { objectOf });
		expect(toc?.entries.map(({ inode }) => inode)).toMatchObject([
			object,
			{ digest: undefined, path: undefined },
		]);
	});

	test("small requests find a table", async () => {
		const { bytes, annotations } = zstdChunkedBlob({ toc: tocJson([]), content: Buffer.alloc(1 << 20) });
		const byAnnotation = watched(bytes);
		await readToc(byAnnotation.blob, { annotations });
		expect(byAnnotation.asked).toHaveLength(1);
		const byFooter = watched(bytes);
		expect(await readToc(byFooter.blob)).toMatchObject({ isVouched: false });
		expect(byFooter.asked).toHaveLength(2);
		for (const range of [...byAnnotation.asked, ...byFooter.asked])
			expect(range?.start).toBeGreaterThan(1 << 19);
	});

	test.each(["long", "short"] as const)("the %s footer will do", async (footer) => {
		const { bytes } = zstdChunkedBlob({ toc: tocJson([FILE]), footer });
		expect((await readToc(bytesBlob(bytes)))?.entries).toHaveLength(1);
	});

	test.each(["marked", "legacy"] as const)("the %s footer of eStargz will do", async (footer) => {
		expect((await read(estargzBlob({ toc: tocJson([FILE]), footer })))?.entries).toHaveLength(1);
	});

	test("without a table there is none", async () => {
		for (const size of [0, 1, 50, 5000]) expect(await readToc(bytesBlob(Buffer.alloc(size)))).toBeUndefined();
		const almost = estargzBlob({ toc: tocJson([]) }).bytes.subarray(0, -1);
		expect(await readToc(bytesBlob(almost))).toBeUndefined();
	});

	test("can be aborted", async () => {
		await expect(zstdReadAborted()).rejects.toThrow("enough");
	});

	function zstdReadAborted(): Promise<unknown> {
		const controller = new AbortController();
		controller.abort(new Error("enough"));
		return read(zstdChunkedBlob({ toc: tocJson([]) }), { signal: controller.signal });
	}
});

describe("what a blob may not be", () => {
	const good = zstdChunkedBlob({ toc: tocJson([FILE]) });
	const name = (end: string) => `io.github.containers.zstd-chunked.${end}`;
	const annotated = (changes: Record<string, string>, { bytes, annotations } = good) =>
		read({ bytes, annotations: new Map([...annotations, ...Object.entries(changes)]) });

	test.each([
		["two formats", { "containerd.io/snapshot/stargz/toc.digest": digest }, "annotation"],
		["two namespaces", { "io.containers.zstd-chunked.manifest-checksum": digest }, "annotation"],
		["a digest that is none", { [name("manifest-checksum")]: "sha256:12" }, "annotation"],
		["a digest of another kind", { [name("manifest-checksum")]: `sha512:${"ab".repeat(64)}` }, "annotation"],
		["a position that is none", { [name("manifest-position")]: "1:2:3" }, "annotation"],
		["a table of another type", { [name("manifest-position")]: "1008:20:30:2" }, "annotation"],
		["a negative position", { [name("manifest-position")]: "-1:20:30:1" }, "annotation"],
		["a position beyond 2^53", { [name("manifest-position")]: "9999999999999999:1:1:1" }, "annotation"],
		["a tar-split that is nowhere", { [name("tarsplit-position")]: "a:b:c" }, "annotation"],
		["a table beyond the end", { [name("manifest-position")]: "5000:20:30:1" }, "bounds"],
		["a table before the beginning", { [name("manifest-position")]: "0:20:30:1" }, "bounds"],
		["a table that is no frame", { [name("manifest-position")]: "500:20:30:1" }, "bounds"],
		["a table that is too large", { [name("manifest-position")]: "1008:20:99999999999:1" }, "size"],
	])("%s: %p breaks the rule %s", async (_what, changes, rule) => {
		await expectRule(annotated(changes), rule);
	});

	test("another one than the annotation names", async () => {
		const error = { code: "ERR_COMPOSEFS_DIGEST", expected: digest };
		await expect(annotated({ [name("manifest-checksum")]: digest })).rejects.toMatchObject(error);
		const { bytes } = estargzBlob({ toc: tocJson([]) });
		const annotations = new Map([["containerd.io/snapshot/stargz/toc.digest", digest]]);
		await expect(read({ bytes, annotations })).rejects.toMatchObject(error);
	});

	test("said to have another size than it has", async () => {
		const toc = tocJson([FILE]);
		const { bytes, annotations } = zstdChunkedBlob({ toc });
		const [offset, compressed] = (annotations.get(name("manifest-position")) as string).split(":");
		for (const size of [toc.length - 1, toc.length + 1, 1]) {
			const position = { [name("manifest-position")]: `${offset}:${compressed}:${size}:1` };
			await expectRule(annotated(position, { bytes, annotations }), "compression");
		}
	});

	test("compressed in no way, or damaged", async () => {
		for (const damage of [
			(frame: Buffer) => frame.fill(0, 0, 4),
			(frame: Buffer) => frame.fill(255, 9, 12),
		]) {
			const frame = zstdFrame(tocJson([FILE]));
			damage(frame);
			const bytes = Buffer.concat([Buffer.alloc(1000), skippableFrame(frame)]);
			const annotations = new Map([
				[name("manifest-checksum"), `sha256:${sha256(frame)}`],
				[name("manifest-position"), `1008:${frame.length}:${tocJson([FILE]).length}:1`],
			]);
			await expectRule(read({ bytes, annotations }), "compression");
		}
	});

	test("cut, though it said that it is longer", async () => {
		const blob = { ...bytesBlob(good.bytes), read: () => bytesBlob(Buffer.alloc(3)).read() };
		await expectRule(readToc(blob, good), "bounds");
	});

	test("eStargz without its footer, or with its table elsewhere", async () => {
		const { bytes, annotations } = estargzBlob({ toc: tocJson([]) });
		await expectRule(read({ bytes: bytes.subarray(0, -1), annotations }), "footer");
		await expectRule(read(estargzBlob({ toc: tocJson([]), footer: "external" })), "external");
		await expectRule(read(estargzBlob({ toc: tocJson([]), name: "other.json" })), "member");
		const far = estargzBlob({ toc: tocJson([]) });
		far.bytes.write("ffff", far.bytes.length - 31, "latin1");
		await expectRule(read(far), "footer");
	});

	test("a footer with numbers beyond 2^53, or of a table of another type", async () => {
		for (const [at, byte] of [
			[72 - 8 - 7, 255],
			[72 - 8 - 24, 2],
		] as const) {
			const { bytes } = zstdChunkedBlob({ toc: tocJson([]) });
			bytes[bytes.length - at] = byte;
			await expectRule(readToc(bytesBlob(bytes)), "footer");
		}
	});

	test("larger than the limits", async () => {
		await expectRule(read(good, { limits: { compressedSize: 10 } }), "compressed-size", { limit: 10 });
		await expectRule(read(good, { limits: { size: 10 } }), "size", { limit: 10 });
		const star = estargzBlob({ toc: tocJson([FILE]) });
		await expectRule(read(star, { limits: { compressedSize: 10 } }), "compressed-size");
		await expectRule(read(star, { limits: { size: 600 } }), "compression");
	});
});

describe("what entries may not be", () => {
	const chunk = { type: "chunk", name: "a", offset: 5, chunkOffset: 4, chunkSize: 6 };
	const first = { ...FILE, chunkSize: 4 };
	test.each<[string, string, Json[]]>([
		["the same path twice", "path-duplicate", [FILE, { type: "dir", name: "./a/" }]],
		["a name that leads out", "name", [{ type: "dir", name: "../a" }]],
		["a root that is no directory", "type", [{ type: "fifo", name: "." }]],
		["content without a digest", "digest", [{ ...FILE, digest: undefined }]],
		["content without an offset", "range", [{ ...FILE, offset: undefined }]],
		["content without an end", "range", [{ ...FILE, endOffset: undefined }]],
		["content that ends before it begins", "range", [{ ...FILE, offset: 20 }]],
		["content in the table", "range", [{ ...FILE, endOffset: 1001 }]],
		["content that others have", "range", [FILE, { ...FILE, name: "b", offset: 19, endOffset: 30 }]],
		[
			"content out of order",
			"range",
			[
				{ ...FILE, offset: 50, endOffset: 60 },
				{ ...FILE, name: "b" },
			],
		],
		["a chunk first", "chunk", [chunk]],
		["a chunk behind another file", "chunk", [first, { ...chunk, name: "b" }]],
		["a chunk behind a directory", "chunk", [first, { type: "dir", name: "d" }, chunk]],
		["a chunk that leaves a gap", "chunk", [first, { ...chunk, chunkOffset: 5, chunkSize: 5 }]],
		["a chunk that overlaps", "chunk", [first, { ...chunk, chunkOffset: 3, chunkSize: 7 }]],
		["a chunk beyond the file", "chunk", [first, { ...chunk, chunkSize: 7 }]],
		["chunks that are too few", "chunk", [first, { ...chunk, chunkSize: 5 }]],
		["a chunk before the file's", "range", [{ ...first, offset: 9 }, chunk]],
		["a chunk beyond the file's end", "range", [first, { ...chunk, offset: 25 }]],
		["a chunk of nothing in between", "chunk", [FILE, chunk]],
		["several contents in one member", "inner-offset", [{ ...FILE, innerOffset: 5 }]],
		["holes beyond the limit", "zeros", [{ ...FILE, size: 2 ** 50, chunkType: "zeros" }]],
		["keys of composefs-from-json", "content", [{ ...FILE, "x-payload": "../../secret" }]],
		["names that are lost", "name-lossy", [{ type: "dir", name: "a\ufffd" }]],
		["targets that are lost", "name-lossy", [{ type: "symlink", name: "a", linkName: "\ufffd" }]],
		[
			"targets of hard links that are lost",
			"name-lossy",
			[{ type: "hardlink", name: "a", linkName: "\ufffd" }],
		],
		["xattrs that are lost", "name-lossy", [{ type: "dir", name: "a", xattrs: { "user.\ufffd": "" } }]],
		["a hard link to nothing", "link", [{ type: "hardlink", name: "a" }]],
		["a hard link that leads out", "hard-link", [{ type: "hardlink", name: "a", linkName: "../b" }]],
	])("%s breaks the rule %s", async (_what, rule, entries) => {
		await expectRule(zstd(entries), rule);
	});

	test("limits of entries and chunks hold", async () => {
		const toc = tocJson([first, chunk, { type: "dir", name: "b" }]);
		await expectRule(read(zstdChunkedBlob({ toc }), { limits: { entries: 1 } }), "entries", { limit: 1 });
		await expectRule(read(zstdChunkedBlob({ toc }), { limits: { chunks: 1 } }), "chunks", { limit: 1 });
	});
});

describe("tar-splits", () => {
	const LATIN = Buffer.from("caf\xe9", "latin1");
	const entries = [
		{ type: "symlink", name: "caf\ufffd", linkName: "\ufffd", mode: 0o777 },
		{ type: "dir", name: "d/", mode: 0o755, uid: 5, xattrs: { "user.\ufffd=": "AA==" } },
		{ type: "hardlink", name: "h", linkName: "caf\ufffd", mode: 0o777 },
		{ type: "char", name: "c", mode: 0o600, devMajor: 1, devMinor: 3 },
		FILE,
	];
	const xattr = paxHeader([["SCHILY.xattr.user.", ""]]);
	const headers = [
		tarHeader({ name: LATIN, typeflag: "2", linkName: Buffer.of(0xff), mode: 0o777 }),
		Buffer.concat([
			Buffer.alloc(7),
			xattrHeader(),
			tarHeader({ name: "d/", typeflag: "5", mode: 0o755, uid: 5 }),
		]),
		tarHeader({ name: "h", typeflag: "1", linkName: LATIN, mode: 0o777 }),
		tarHeader({ name: "c", typeflag: "3", mode: 0o600, major: 1, minor: 3 }),
		tarHeader({ name: "a", mode: 0, size: 10 }),
	];
	const names = [LATIN, "d/", "h", "c", "a"];
	const files = headers.map((header, n) => ({
		headers: header,
		name: names[n] as string,
		size: n === 4 ? 10 : 0,
	}));

	function xattrHeader(): Buffer {
		const header = paxHeader([["SCHILY.xattr.user.X%3D", Uint8Array.of(0)]]);
		header[header.indexOf("X%3D")] = 0xff;
		return header;
	}

	function join(
		tarSplit: Buffer,
		table: readonly Json[] = entries,
		head: Json = {},
	): Promise<LayerToc | undefined> {
		const tarSplitDigest = `sha256:${sha256(zstdFrame(tarSplit))}`;
		return read(zstdChunkedBlob({ toc: tocJson(table, { tarSplitDigest, ...head }), tarSplit }));
	}

	test("bring back the bytes of names, targets and xattrs", async () => {
		expect(xattr.length).toBe(1024);
		const toc = await join(tarSplitText(files));
		const [link, folder, hard] = toc?.entries ?? [];
		expect(link).toMatchObject({ name: "caf\udce9", inode: { type: "symlink", target: "\udcff" } });
		expect(folder?.inode?.xattrs).toEqual(new Map([["user.\udcff=", Uint8Array.of(0)]]));
		expect(hard).toEqual({ name: "h", linkName: "caf\udce9" });
	});

	test.each<[string, Json]>([
		["the name", { name: "cafe" }],
		["the target", { linkName: "elsewhere" }],
		["the type", { type: "dir" }],
		["the mode", { mode: 0o755 }],
		["the owner", { uid: 1 }],
		["the time", { modtime: "2020-01-01T00:00:00Z" }],
		["an xattr", { xattrs: { "user.a": "" } }],
	])("refuse a table where %s is another", async (what, change) => {
		const table = [{ ...entries[0], ...change }, ...entries.slice(1)];
		await expectRule(join(tarSplitText(files), table), "tar-split-mismatch");
		await expect(join(tarSplitText(files), table)).rejects.toThrow(what);
	});

	test("refuse a table with another size or device, with fewer or more entries, or in another order", async () => {
		const change = (n: number, fields: Json) =>
			entries.map((entry, m) => (m === n ? { ...entry, ...fields } : entry));
		const mismatches = [
			change(4, { size: 11 }),
			change(3, { devMinor: 4 }),
			change(1, { xattrs: { "user.\ufffd=": "AQ==" } }),
			change(2, { linkName: "d" }),
			entries.slice(1),
			entries.slice(0, -1),
			[...entries, { type: "dir", name: "more" }],
			[...entries].reverse(),
		];
		for (const table of mismatches) await expectRule(join(tarSplitText(files), table), "tar-split-mismatch");
	});

	const line = (fields: Json) => Buffer.from(JSON.stringify(fields));
	test.each<[string, string, Buffer]>([
		["text that is no JSON", "json", Buffer.from("junk")],
		["a line of another type", "integer", line({ type: 3, position: 0 })],
		["a position that is wrong", "tar-split", line({ type: 2, payload: "", position: 5 })],
		["a file without a name", "tar-split", line({ type: 1, position: 0 })],
		["a segment without bytes", "tar-split", line({ type: 2, payload: null, position: 0 })],
		["a file with two names", "tar-split", line({ type: 1, name: "a", name_raw: "YQ==", position: 0 })],
		["a key that is not known", "tar-split", line({ type: 1, Name: "a", position: 0 })],
		["bytes that are no base64", "base64", line({ type: 2, payload: "!", position: 0 })],
		["a file without a header", "tar-split", line({ type: 1, name: "a", position: 0 })],
		["a header that is cut", "tar-split", tarSplitText([{ headers: xattr.subarray(0, 512), name: "a" }])],
		["a header with a wrong sum", "tar-split", tarSplitText([{ headers: Buffer.alloc(512, 1), name: "a" }])],
		[
			"the header of another file",
			"tar-split-mismatch",
			tarSplitText([{ headers: tarHeader({ name: "b" }), name: "a" }]),
		],
	])("%s breaks the rule %s", async (_what, rule, text) => {
		await expectRule(join(text, [{ type: "reg", name: "a", mode: 0o644 }]), rule);
	});

	test("have the digest that the table names, and a place", async () => {
		const text = tarSplitText(files);
		await expect(join(text, entries, { tarSplitDigest: digest })).rejects.toMatchObject({
			code: "ERR_COMPOSEFS_DIGEST",
			expected: digest,
		});
		await expectRule(read(zstdChunkedBlob({ toc: tocJson(entries), tarSplit: text })), "tar-split");
		await expectRule(zstd([FILE], { tarSplitDigest: digest }), "tar-split");
	});
});
