import { describe, expect, test } from "@jest/globals";
import { decodeRecords, type ScanRecord } from "../../src/directory/decode.ts";
import { isExternal, makeDirectory, makeInode } from "../../src/directory/make.ts";
import { checkOptions, type FromDirectoryOptions } from "../../src/directory/options.ts";
import { Place } from "../../src/directory/place.ts";
import { checkInode } from "../../src/validate.ts";
import { type PackedRecord, packRecords, plainRecord } from "../support/pack-records.ts";

function recordOf(changes: Partial<PackedRecord>): ScanRecord {
	const [record] = decodeRecords(packRecords([plainRecord(changes)]));
	return record as ScanRecord;
}

function make(changes: Partial<PackedRecord>, options: FromDirectoryOptions = {}) {
	const inode = makeInode(recordOf(changes), Place.root("/at/name"), checkOptions(options));
	checkInode(inode);
	return inode;
}

const base = { mode: 0o644, uid: 7, gid: 8, mtimeNs: 1_600_000_000_000_000_005n, xattrs: undefined };
const words = (mode: number, major = 0, minor = 0) => ({ words: [mode, 1, 7, 8, major, minor] as const });

describe("records become inodes", () => {
	test.each<[string, Partial<PackedRecord>, object]>([
		[
			"a symlink",
			{ ...words(0o120644), text: Buffer.from([0x61, 0xff]) },
			{ type: "symlink", target: "a\udcff" },
		],
		["a fifo", words(0o010644), { type: "fifo" }],
		["a socket", words(0o140644), { type: "socket" }],
		[
			"a character device",
			words(0o020644, 4095, 2 ** 20 - 1),
			{ type: "character-device", rdev: { major: 4095, minor: 2 ** 20 - 1 } },
		],
		["a block device", words(0o060644, 8, 1), { type: "block-device", rdev: { major: 8, minor: 1 } }],
		["an empty file", words(0o100644), { type: "file", content: Buffer.alloc(0) }],
		[
			"a small file",
			{ ...words(0o100644), identity: [1n, 2n, 2n, 3n], text: Buffer.from("hi") },
			{ type: "file", content: Buffer.from("hi") },
		],
		["a large file", { ...words(0o100644), identity: [1n, 2n, 99n, 3n] }, { type: "file", size: 99 }],
	])("%s", (_title, changes, expected) => {
		expect(make(changes)).toEqual({ ...base, ...expected });
	});

	test("a large file is completed later", () => {
		expect(isExternal(make({ identity: [1n, 2n, 65n, 3n] }))).toBe(true);
		expect(isExternal(make({}))).toBe(false);
		expect(isExternal(make(words(0o010644)))).toBe(false);
	});

	test("a directory, with attributes", () => {
		const record = recordOf({ ...words(0o041777), xattrs: [[Buffer.from("user.a"), Buffer.from("b")]] });
		expect(makeDirectory(record, checkOptions({}))).toEqual({
			...base,
			type: "directory",
			mode: 0o1777,
			xattrs: new Map([["user.a", Buffer.from("b")]]),
			children: new Map(),
		});
	});

	test("what is of no type is refused", () => {
		expect(() => make(words(0o070644))).toThrow(
			expect.objectContaining({ code: "ERR_COMPOSEFS_INODE", rule: "type", path: "/at/name" }),
		);
	});
});

describe("options", () => {
	test("useEpoch, clampMtime", () => {
		expect(make({}, { useEpoch: true, clampMtime: 5n }).mtimeNs).toBe(0n);
		expect(make({}, { clampMtime: 5n }).mtimeNs).toBe(5n);
		expect(make({ mtime: [-3n, 0] }, { clampMtime: 5n }).mtimeNs).toBe(-3_000_000_000n);
	});

	test.each([undefined, 5, {}, { uid: -1, gid: 0 }, { uid: 0, gid: 2 ** 32 }, { uid: 0.5, gid: 0 }])(
		"mapOwner does not give %j",
		(mapped) => {
			expect(() => make(words(0o010644), { mapOwner: () => mapped as never })).toThrow("mapOwner gives");
		},
	);

	test("mapOwner", () => {
		const mapOwner = (uid: number, gid: number) => ({ uid: uid + 100_000, gid: gid + 200_000 });
		expect(make(words(0o010644), { mapOwner })).toMatchObject({ uid: 100_007, gid: 200_008 });
	});
});
