import { setImmediate as nextTurn } from "node:timers/promises";
import { afterEach, describe, expect, jest, test } from "@jest/globals";
import fc from "fast-check";
import { encodeTree, RECORDS_VERSION } from "../src/encode.ts";
import { directory } from "../src/inode.ts";
import { Tree } from "../src/tree.ts";
import { arbitraryTree } from "./support/arbitrary-tree.ts";
import { chunkParts, decodeRecords } from "./support/decode-records.ts";
import { listing } from "./support/listing.ts";

async function encode(tree: Tree, signal?: AbortSignal): Promise<Buffer[]> {
	const chunks: Buffer[] = [];
	await encodeTree(tree, (chunk) => chunks.push(Buffer.from(chunk)), signal);
	return chunks;
}

const DIGEST = "0123456789abcdef".repeat(4);

/** Each kind of record once. */
function everyKind(): Tree {
	const tree = new Tree(directory({ mode: 0o755, uid: 1, gid: 2, mtimeNs: -1n }));
	tree.mkdir("/d", { mode: 0o1777, xattrs: [["user.a", Buffer.from("value")]] });
	tree.writeFile("/empty", new Uint8Array(0), { mode: 0o600 });
	tree.writeFile("/external", { size: 2 ** 32 + 5, digest: DIGEST, path: "01/23" }, { uid: 2 ** 32 - 1 });
	const xattrs = [
		["user.b", Buffer.from("b")],
		["user.none", Buffer.alloc(0)],
	] as const;
	tree.writeFile("/inline", Buffer.from("hello"), { xattrs });
	tree.link("/inline", "/again");
	tree.symlink("to", "/link", { mtimeNs: 2n ** 64n + 1n });
	tree.mknod("/null", "character-device", { major: 1, minor: 3 }, { mode: 0o666, mtimeNs: 1n << 32n });
	tree.mknod("/sda", "block-device", { major: 8, minor: 2 ** 20 - 1 });
	tree.mknod("/pipe", "fifo");
	tree.mknod("/sock", "socket");
	tree.whiteout("/gone");
	tree.writeFile("/d/\udcff", { size: 7 });
	return tree;
}

const PATH = 1 << 16;
const HASH = 1 << 17;
const BYTES = 1 << 18;

describe("golden records", () => {
	test("of every kind", async () => {
		const [chunk, ...others] = await encode(everyKind());
		const { header, records, lengths, strings, blobs } = chunkParts(chunk as Buffer);
		expect(others).toEqual([]);
		//                    magic       version  records  lengths  strings  blobs
		expect(header).toEqual([0x52534643, 2, 13, 3, 160, 11]);
		expect(records).toEqual([
			// mode      uid gid  mtime: 96 bits   first, second     xattrs and flags
			[0o040755, 1, 2, -1, -1, -1, 11, 0, 0], // the root
			[0o041777, 0, 0, 0, 0, 0, 1, 0, 1], // d
			[0o100600, 0, 0, 0, 0, 0, 0, 0, 0], // empty
			[0o100644, -1, 0, 0, 0, 0, 5, 1, PATH | HASH], // external
			[0o100644, 0, 0, 0, 0, 0, 5, 0, BYTES | 2], // inline
			[0, 0, 0, 0, 0, 0, 4, 0, 0], // again, a name of record 4
			[0o120777, 0, 0, 1, 0, 1, 0, 0, 0], // link
			[0o020666, 0, 0, 0, 1, 0, 1, 3, 0], // null
			[0o060644, 0, 0, 0, 0, 0, 8, 0xfffff, 0], // sda
			[0o010644, 0, 0, 0, 0, 0, 0, 0, 0], // pipe
			[0o140644, 0, 0, 0, 0, 0, 0, 0, 0], // sock
			[0o020000, 0, 0, 0, 0, 0, 0, 0, 0], // gone
			[0o100644, 0, 0, 0, 0, 0, 7, 0, 0], // d/\xff
		]);
		expect(lengths).toEqual([5, 1, 0]);
		const text = `|d|user.a|empty|external|01/23|${DIGEST}|inline|user.b|user.none|again|link|to|null|sda|pipe|sock|gone`;
		expect(strings).toEqual([...text.split("|"), "\udcff"]);
		expect(blobs.toString()).toBe("valuehellob");
	});

	test("of an empty tree, byte for byte", async () => {
		const chunks = await encode(
			new Tree(directory({ mode: 0o700, uid: 0x1234, gid: 0xabcdef01, mtimeNs: 2n })),
		);
		expect(chunks.map((chunk) => chunk.toString("hex"))).toEqual([
			[
				"43465352" + "02000000" + "01000000" + "00000000" + "01000000" + "00000000", // header
				"c0410000" + "34120000" + "01efcdab", // mode, uid, gid
				"02000000" + "00000000" + "00000000", // mtime
				"00000000" + "00000000" + "00000000", // no children, no xattrs
				"00", // the root's name
			].join(""),
		]);
		expect(RECORDS_VERSION).toBe(2);
	});
});

describe("any tree", () => {
	test("is what its records say", async () => {
		await fc.assert(
			fc.asyncProperty(arbitraryTree(), async (tree) => {
				expect(listing(decodeRecords(await encode(tree)))).toEqual(listing(tree));
			}),
			{ numRuns: 200 },
		);
	});

	test("of several chunks, with links from one to another", async () => {
		const tree = new Tree();
		for (let i = 0; i < 3; i++) tree.mkdir(`/${i}`);
		for (let i = 0; i < 3000; i++) tree.writeFile(`/${i % 3}/f${i}`, { size: i + 1 }, { mtimeNs: BigInt(i) });
		for (let i = 0; i < 3000; i += 300) tree.link(`/${i % 3}/f${i}`, `/l${i}`);
		const chunks = await encode(tree);
		expect(chunks.map((chunk) => chunkParts(chunk).records.length)).toEqual([1024, 1024, 3014 - 2048]);
		expect(listing(decodeRecords(chunks))).toEqual(listing(tree));
	});

	test("with more bytes than a chunk begins with", async () => {
		const tree = new Tree();
		for (let i = 0; i < 100; i++) tree.writeFile(`/${i}`, Buffer.alloc(5000, i));
		const decoded = decodeRecords(await encode(tree));
		expect(listing(decoded)).toEqual(listing(tree));
	});

	test("with exactly a chunk of names ends without an empty chunk", async () => {
		const tree = new Tree();
		for (let i = 1; i < 1024; i++) tree.mkdir(`/${i}`);
		expect(await encode(tree)).toHaveLength(1);
		tree.mkdir("/one-more");
		expect(await encode(tree)).toHaveLength(2);
	});
});

describe("an encoder is used again", () => {
	test("also after a tree that is refused halfway", async () => {
		const before = await encode(everyKind());
		const broken = everyKind();
		for (let n = 0; n < 5000; n++) broken.writeFile(`/${n}`, Buffer.from("content"));
		broken.root.children.set("broken", { ...directory(), mode: -1 });
		await expect(encode(broken)).rejects.toThrow("/broken: mode is -1");
		expect(await encode(everyKind())).toEqual(before);
	});

	test("by nobody else before the end", async () => {
		const trees = [everyKind(), new Tree(), everyKind()];
		for (const tree of trees.slice(1))
			for (let n = 0; n < 9000; n++) tree.writeFile(`/${n}`, Buffer.from("x"));
		const alone: Buffer[][] = [];
		for (const tree of trees) alone.push(await encode(tree));
		expect(await Promise.all(trees.map((tree) => encode(tree)))).toEqual(alone);
	});
});

describe("slices", () => {
	afterEach(() => {
		jest.restoreAllMocks();
	});

	/** In a turn in which no work has begun: its slice would end by the other clock. */
	async function tickWhenRead(): Promise<void> {
		await nextTurn();
		await nextTurn();
		let now = 0;
		jest.spyOn(performance, "now").mockImplementation(() => now++);
	}

	function manyFiles(count: number): Tree {
		const tree = new Tree();
		for (let i = 0; i < count; i++) tree.writeFile(`/${i}`, { size: i });
		return tree;
	}

	test("the event loop turns while a tree is encoded", async () => {
		await tickWhenRead();
		let settled = false;
		const encoding = encode(manyFiles(50_000)).finally(() => {
			settled = true;
		});
		let turns = 0;
		while (!settled) {
			await nextTurn();
			turns++;
		}
		await encoding;
		// The clock is read every 256 names, and four milliseconds make a slice.
		expect(turns).toBeGreaterThan(50_000 / 256 / 6);
	});

	test("the signal ends it at the next turn, with the signal's reason", async () => {
		await tickWhenRead();
		const controller = new AbortController();
		const reason = new Error("enough");
		let names = 0;
		const encoding = encodeTree(manyFiles(50_000), (chunk) => (names += chunk.length), controller.signal);
		controller.abort(reason);
		await expect(encoding).rejects.toBe(reason);
		expect(names).toBe(0);
	});

	test("a broken rule ends it where it is met", async () => {
		const tree = manyFiles(10_000);
		Object.assign(tree.get("/9000") ?? {}, { size: -1 });
		let chunks = 0;
		const encoding = encodeTree(tree, () => chunks++);
		await expect(encoding).rejects.toMatchObject({ rule: "size", path: "/9000" });
		expect(chunks).toBe(8);
	});
});

test("the first whiteout, and those in opaque directories, are told", async () => {
	const tree = new Tree();
	tree.mkdir("/d", { xattrs: [["trusted.overlay.opaque", Buffer.from("y")]] });
	tree.whiteout("/d/gone");
	tree.whiteout("/gone");
	await expect(encodeTree(tree, () => {})).resolves.toEqual({ first: "/gone", redundant: ["/d/gone"] });
	const none = { first: undefined, redundant: [] };
	await expect(encodeTree(new Tree(), () => {})).resolves.toEqual(none);
});

test("bug: content that is gone before its chunk is complete left what was there before in its place", async () => {
	const content = new Uint8Array(1000).fill(1);
	const tree = new Tree();
	tree.writeFile("/a", content);
	const taker = tree.writeFile("/b", Buffer.from("b"));
	Object.defineProperty(taker, "gid", {
		get() {
			if (content.length > 0) structuredClone(content.buffer, { transfer: [content.buffer] });
			return 0;
		},
	});
	const [chunk] = await encode(tree);
	expect(content).toHaveLength(0);
	expect(chunk?.includes(Buffer.alloc(1000, 1))).toBe(true);
});
