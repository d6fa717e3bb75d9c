/** The text of tables: JSON, its one schema, and windows that cut it anywhere. */
import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { readDocument } from "../../src/toc/document.ts";
import type { TocText } from "../../src/toc/feed.ts";
import { expectRule, tocJson } from "../support/toc.ts";

/** All entries, with the fields that are text as text. */
async function read(text: TocText, limit = 2 ** 30): Promise<unknown[]> {
	const entries: unknown[] = [];
	await readDocument(
		text,
		{
			entry: (fields, cursor) => {
				const { type, mode, uid, gid, size, mtimeNs, offset, endOffset, xattrs } = fields;
				const name = cursor.text(fields.name);
				const linkName = fields.linkName ? cursor.text(fields.linkName) : undefined;
				const digest =
					fields.digest < 0 ? undefined : cursor.bytes.latin1Slice(fields.digest, fields.digest + 64);
				entries.push({
					type,
					name,
					linkName,
					mode,
					uid,
					gid,
					size,
					mtimeNs,
					offset,
					endOffset,
					digest,
					xattrs,
				});
			},
		},
		{ limit },
	);
	return entries;
}

const entry = (fields: string) => `{"version":1,"entries":[{"type":"reg","name":"a"${fields}}]}`;

describe("documents", () => {
	test("are read in pieces of any length", async () => {
		const text = tocJson([
			{ type: "reg", name: 'é/\u{1f600}\n"', mode: 420, size: 5, digest: `sha256:${"ab".repeat(32)}` },
			{
				type: "symlink",
				name: "b",
				linkName: "ö",
				modtime: "2026-11-23T17:57:29.5Z",
				offset: 7,
				endOffset: 9,
			},
			{
				type: "dir",
				name: "c",
				uid: 1,
				gid: 2,
				xattrs: { "user.ä": "AAE=" },
				unknown: [{ a: [1, null, "é"] }],
			},
		]);
		const whole = await read(text);
		expect(whole).toHaveLength(3);
		for (const length of [1, 2, 3, 7, 64]) {
			const pieces: Uint8Array[] = [];
			for (let at = 0; at < text.length; at += length) pieces.push(text.subarray(at, at + length));
			expect(await read(pieces)).toEqual(whole);
		}
	});

	test("may have more entries than a window holds", async () => {
		const entries = Array.from({ length: 9000 }, (_, n) => ({ type: "reg", name: `${"é".repeat(40)}${n}` }));
		expect(await read(tocJson(entries))).toHaveLength(9000);
		const long = [{ type: "symlink", name: "a", linkName: "l".repeat(500_000) }];
		expect(await read(tocJson(long))).toHaveLength(1);
	});

	test("hold any text", async () => {
		await fc.assert(
			fc.asyncProperty(
				fc.string({ unit: "grapheme", maxLength: 30 }),
				fc.boolean(),
				async (name, isEscaped) => {
					const plain = JSON.stringify({ version: 1, entries: [{ type: "reg", name }] });
					const text = isEscaped ? plain.replaceAll(/[^\x20-\x7e]/g, escaped) : plain;
					expect(await read(text)).toMatchObject([{ name }]);
				},
			),
		);
	});

	const escaped = (unit: string) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`;

	test.each([
		["", "json-end"],
		["[]", "json"],
		["{}", "json"],
		['{"version":1}', "json"],
		['{"version":1,"entries":[]', "json-end"],
		['{"version":1,"entries":[]} x', "json"],
		['{"version":1,"entries":[]}{}', "json"],
		['{"version":2,"entries":[]}', "version"],
		['{"version":1,"version":1,"entries":[]}', "key-duplicate"],
		['{"version":1,"Entries":[],"entries":[]}', "key"],
		['{"version":1,"entries":[],"entries":[]}', "key-duplicate"],
		['{"a":1,"a":2,"entries":[]}', "key-duplicate"],
		['{"entries":[],"tarSplitDigest":"sha256:12"}', "digest"],
		['{"entries":[{}]}', "type"],
		['{"entries":[{"type":"reg"}]}', "name"],
		['{"entries":[{"type":"Reg","name":"a"}]}', "type"],
		['{"entries":[{"type":null,"name":"a"}]}', "json"],
		['{"entries":[null]}', "json"],
		['{"entries":[{"type":"reg","name":"a"},]}', "json"],
		['\ufeff{"entries":[]}', "json"],
		[entry(',"name":"b"'), "key-duplicate"],
		[entry(',"Name":"b"'), "key"],
		[entry(',"linKname":"b"'), "key"],
		[entry(',"lin\u212aName":"b"'), "key"],
		[entry(',"acce\u017f\u017ftime":"b"'), "key"],
		[entry(',"n\\u0061me":"b"'), "key"],
		[entry(',"":1'), "key"],
		[entry(',"x":1,"x":2'), "key-duplicate"],
		[entry(',"mode":-1'), "integer"],
		[entry(',"mode":65536'), "integer"],
		[entry(',"mode":1.5'), "integer"],
		[entry(',"mode":1e3'), "integer"],
		[entry(',"mode":"420"'), "json"],
		[entry(',"mode":01'), "json"],
		[entry(',"uid":4294967296'), "integer"],
		[entry(',"size":9007199254740993'), "integer"],
		[entry(',"size":18446744073709551616'), "integer"],
		[entry(',"offset":-5'), "integer"],
		[entry(',"devMajor":4096'), "integer"],
		[entry(',"devMinor":1048576'), "integer"],
		[entry(',"digest":"abcd"'), "digest"],
		[entry(`,"digest":"sha256:${"AB".repeat(32)}"`), "digest"],
		[entry(`,"digest":"sha512:${"ab".repeat(64)}"`), "digest"],
		[entry(',"digest":"sha256:../../../../etc/passwd"'), "digest"],
		[entry(',"modtime":"yesterday"'), "time"],
		[entry(',"modtime":"2026-11-23T17:57:29.5+0200"'), "time"],
		[entry(',"accesstime":"junk"'), "time"],
		[entry(',"xattrs":{"a":"AA=="},"xattrs":{}'), "key-duplicate"],
		[entry(',"xattrs":{"a":"AA==","a":"AA=="}'), "key-duplicate"],
		[entry(',"xattrs":{"a":"AB=="}'), "base64"],
		[entry(',"xattrs":{"a":"!"}'), "base64"],
		[entry(',"xattrs":null'), "json"],
		[entry(',"chunkType":"holes"'), "chunk"],
		[entry(',"x":nul'), "json"],
		[entry(',"x":+1'), "json"],
		[entry(',"x":"\\x"'), "json"],
		[entry(',"x":"\\u12g4"'), "json"],
		[entry(',"x":"\u0001"'), "json"],
		[entry(`,"x":${"[".repeat(100)}`), "json-depth"],
		['{"entries":[{"type":"reg","name":"\\ud800"}]}', "utf8"],
		['{"entries":[{"type":"reg","name":"\\udc80"}]}', "utf8"],
	])("%s breaks the rule %s", async (text, rule) => {
		await expectRule(read(text), rule);
	});

	test("errors have the place in the text, wherever the windows are", async () => {
		const text = Buffer.from(entry(',"mode":-1'));
		const offset = text.indexOf("-1");
		for (const pieces of [[text], Array.from(text, (byte) => Uint8Array.of(byte))])
			await expectRule(read(pieces), "integer", { offset });
	});

	test("what is not UTF-8 is refused, at its place", async () => {
		const text = Buffer.from('{"entries":[{"type":"reg","name":"é\xff"}]}', "latin1");
		await expectRule(read(text), "utf8", { offset: text.indexOf(0xe9) });
		for (const cut of [Buffer.from('{"é'), Buffer.from('{"\u{1f600}')])
			await expectRule(read(cut.subarray(0, -1)), "utf8", { offset: 2 });
	});

	test("limits hold", async () => {
		await expectRule(read(entry(""), 10), "size", { limit: 10 });
		const long = entry(`,"x":"${"x".repeat(5_000_000)}"`);
		await expectRule(read(long), "entry-size");
		// No longer than what is at hand at once, and more than the limit all the same.
		await expectRule(read(entry(`,"x":"${"x".repeat(2 ** 19)}"`)), "entry-size", { limit: 2 ** 19 });
		await expectRule(read([Buffer.from('{"entries":[{"x":"'), ...endless()], 2 ** 40), "entry-size");
	});

	function* endless(): Generator<Uint8Array> {
		for (let n = 0; n < 1000; n++) yield Buffer.alloc(1 << 16, "x");
	}

	test("keys that are not known take time in proportion to their number", async () => {
		const keys = (count: number) => Array.from({ length: count }, (_, n) => `"k${n}":1,`).join("");
		expect(await read(`{${keys(300_000)}"entries":[]}`)).toEqual([]);
		expect(await read(`{"entries":[{${keys(40_000)}"type":"reg","name":"a"}]}`)).toHaveLength(1);
	});

	test("a lone surrogate in a string that is given is an argument's error", async () => {
		await expect(read('{"entries":["\ud800"]}')).rejects.toMatchObject({ code: "ERR_COMPOSEFS_ARGUMENT" });
	});

	test("can be aborted", async () => {
		const entries = Array.from({ length: 20_000 }, (_, n) => ({ type: "reg", name: `${n}` }));
		const controller = new AbortController();
		const visitor = { entry: () => controller.abort(new Error("enough")) };
		const reading = readDocument(tocJson(entries), visitor, { limit: 2 ** 30, signal: controller.signal });
		await expect(reading).rejects.toThrow("enough");
	});

	test("nothing but errors of its own comes of junk", async () => {
		const base = tocJson([{ type: "reg", name: "a", size: 5, xattrs: { "user.a": "AA==" } }]);
		await fc.assert(
			fc.asyncProperty(fc.nat(base.length - 1), fc.integer({ min: 0, max: 255 }), async (at, byte) => {
				const text = Buffer.from(base);
				text[at] = byte;
				const error = await read(text).catch((reason) => reason);
				if (error instanceof Error) expect(error).toMatchObject({ code: "ERR_COMPOSEFS_TOC" });
			}),
			{ numRuns: 500 },
		);
	});
});

test("bug: the table of an empty layer, as Go writes it, was refused", async () => {
	expect(await read('{"version":1,"entries":null}')).toEqual([]);
	expect(await read('{"entries":null,"version":1}')).toEqual([]);
	await expectRule(read('{"version":1,"entries":nul}'), "json");
	await expectRule(read('{"version":1,"entries":null,"entries":[]}'), "key-duplicate");
});
