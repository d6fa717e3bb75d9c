/** Tar-splits, joined to tables that say the same or something else. */
import { describe, expect, test } from "@jest/globals";
import { bytesBlob } from "../../src/blob.ts";
import { type LayerToc, readToc } from "../../src/toc/index.ts";
import {
	expectRule,
	type Json,
	paxHeader,
	sha256,
	skippableFrame,
	tarHeader,
	tarSplitText,
	tocJson,
	type ZstdChunkedParts,
	zstdChunkedBlob,
	zstdFrame,
} from "../support/toc.ts";

const digest = `sha256:${"ab".repeat(32)}`;
const FILE = { type: "reg", name: "a", size: 10, digest, offset: 0, endOffset: 20 };

function read(parts: ZstdChunkedParts): Promise<LayerToc | undefined> {
	const { bytes, annotations } = zstdChunkedBlob(parts);
	return readToc(bytesBlob(bytes), { annotations });
}

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
		return read({ toc: tocJson(table, { tarSplitDigest, ...head }), tarSplit });
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
		["the owner", { gid: 1 }],
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
			change(4, { size: 0 }),
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

	test("bug: where two xattrs of the tar look alike, a table could have any other in place of one", async () => {
		const header = paxHeader(["X", "Y"].map((end) => [`SCHILY.xattr.user.${end}`, Uint8Array.of(0)]));
		header[header.indexOf("user.X") + 5] = 0xfe;
		header[header.indexOf("user.Y") + 5] = 0xff;
		const headers = Buffer.concat([header, tarHeader({ name: "d/", typeflag: "5", mode: 0o755 })]);
		for (const other of ["user.other", "user.%EF%BF%BD"]) {
			const xattrs = { "user.\ufffd": "AA==", [other]: "AA==" };
			const table = [{ type: "dir", name: "d/", mode: 0o755, xattrs }];
			await expectRule(join(tarSplitText([{ headers, name: "d/" }]), table), "tar-split-mismatch");
		}
	});

	test("have the size of a sparse file in its records", async () => {
		const sparse = Object.entries({ major: "1", minor: "0", name: "a", realsize: "10" });
		const records = paxHeader(sparse.map(([key, value]) => [`GNU.sparse.${key}`, value]));
		const headers = Buffer.concat([records, tarHeader({ name: "GNUSparseFile.0/a", mode: 0, size: 512 })]);
		const split = tarSplitText([{ headers, name: "a", size: 512 }]);
		const toc = await join(split, [FILE]);
		expect(toc?.entries[0]).toMatchObject({ name: "a", inode: { size: 10 } });
		await expectRule(join(split, [{ ...FILE, size: 512 }]), "tar-split-mismatch");
	});

	test("refuse two names of the same bytes that look alike in the table, and tell others apart", async () => {
		const other = Buffer.from("caf\xea", "latin1");
		const header = tarHeader({ name: other, typeflag: "2", linkName: Buffer.of(0xff), mode: 0o777 });
		const [first] = files as [(typeof files)[number]];
		const table = [entries[0], entries[0]] as Json[];
		const toc = await join(tarSplitText([first, { headers: header, name: other, size: 0 }]), table);
		expect(toc?.entries.map(({ name }) => name)).toEqual(["caf\udce9", "caf\udcea"]);
		await expectRule(join(tarSplitText([first, first]), table), "path-duplicate");
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
		["a key twice", "tar-split", Buffer.from('{"type":2,"type":2,"payload":"","position":0}')],
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

	test("may stand anywhere in the blob", async () => {
		const tarSplit = tarSplitText(files);
		const frame = zstdFrame(tarSplit);
		const toc = tocJson(entries, { tarSplitDigest: `sha256:${sha256(frame)}` });
		const { bytes, annotations } = zstdChunkedBlob({ toc });
		const place = [bytes.length + 8, frame.length, tarSplit.length].join(":");
		annotations.set("io.github.containers.zstd-chunked.tarsplit-position", place);
		const blob = bytesBlob(Buffer.concat([bytes, skippableFrame(frame)]));
		expect((await readToc(blob, { annotations }))?.entries[0]?.name).toBe("caf\udce9");
	});

	test("have the digest that the table names, and a place", async () => {
		const text = tarSplitText(files);
		await expect(join(text, entries, { tarSplitDigest: digest })).rejects.toMatchObject({
			code: "ERR_COMPOSEFS_DIGEST",
			expected: digest,
		});
		await expectRule(read({ toc: tocJson(entries), tarSplit: text }), "tar-split");
		await expectRule(read({ toc: tocJson([FILE], { tarSplitDigest: digest }) }), "tar-split");
	});
});
