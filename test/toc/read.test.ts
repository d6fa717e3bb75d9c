/** Layers' tables from blobs that were made by hand: what is wrong with them, and what is asked of a blob. */
import { describe, expect, test } from "@jest/globals";
import { type BlobSource, type ByteRange, bytesBlob } from "../../src/blob.ts";
import { type LayerToc, type ReadTocOptions, readToc } from "../../src/toc/index.ts";
import {
	type BlobParts,
	estargzBlob,
	expectRule,
	type Json,
	sha256,
	skippableFrame,
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

const zstd = (entries: Json[]) => read(zstdChunkedBlob({ toc: tocJson(entries) }));
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
	test("bug: names of xattrs stayed as GNU tar escapes them in records", async () => {
		const xattrs = { "user.a%3Db": "dg==", "user.%25": "dg==", "user.%41": "dg==" };
		for (const read of [zstd, estargz]) {
			const toc = await read([{ ...FILE, xattrs }]);
			expect([...(toc?.entries[0]?.inode?.xattrs?.keys() ?? [])]).toEqual(["user.a=b", "user.%", "user.%41"]);
		}
	});

	test("have no xattr twice, escaped and as it is", async () => {
		const xattrs = { "user.a%3Db": "dg==", "user.a=b": "dg==" };
		for (const read of [zstd, estargz]) await expectRule(read([{ ...FILE, xattrs }]), "key-duplicate");
	});

	test("without a tar-split, and with names that were not UTF-8, are refused in either format", async () => {
		for (const read of [zstd, estargz])
			for (const lost of [{ name: "a\ufffd" }, { xattrs: { "user.\ufffd": "" } }])
				await expectRule(read([{ ...FILE, ...lost }]), "name-lossy");
	});

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

	test("of zstd:chunked may have files of the names of eStargz's landmarks", async () => {
		const names = [".prefetch.landmark", ".no.prefetch.landmark", "stargz.index.json"];
		const toc = await zstd(names.map((name) => ({ type: "reg", name })));
		expect(toc?.entries.map(({ name }) => name)).toEqual(names);
	});

	test("of eStargz have no content where the table is", async () => {
		await expectRule(estargz([{ ...FILE, offset: 1000 }]), "range");
		expect((await estargz([{ ...FILE, offset: 999 }]))?.files.size).toBe(1);
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
