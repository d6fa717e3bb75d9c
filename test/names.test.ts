import { isUtf8 } from "node:buffer";
import { describe, expect, jest, test } from "@jest/globals";
import fc from "fast-check";
import { bytesToName, compareNames, nameToBytes, sortNames } from "../src/names.ts";
import { cpuTimeOf, FAR_TOO_MUCH_MS } from "./support/cpu-time.ts";

const bytes = (...values: number[]) => Uint8Array.from(values);

describe("names", () => {
	test.each([
		["plain ASCII", bytes(0x61, 0x62), "ab"],
		["two, three and four bytes", Buffer.from("é€😀"), "é€😀"],
		["a byte order mark stays", bytes(0xef, 0xbb, 0xbf, 0x61), "\ufeffa"],
		["Latin-1", bytes(0x63, 0x61, 0x66, 0xe9), "caf\udce9"],
		["a lead byte alone, then ASCII", bytes(0xc3, 0x28), "\udcc3("],
		["an overlong slash", bytes(0xc0, 0xaf), "\udcc0\udcaf"],
		["a surrogate in UTF-8", bytes(0xed, 0xa0, 0x80), "\udced\udca0\udc80"],
		["beyond U+10FFFF", bytes(0xf4, 0x90, 0x80, 0x80), "\udcf4\udc90\udc80\udc80"],
		["cut off at the end", bytes(0x61, 0xe2, 0x82), "a\udce2\udc82"],
		["an escape after a surrogate pair", bytes(0xf0, 0x9f, 0x98, 0x80, 0xff), "😀\udcff"],
	])("%s", (_title, raw, name) => {
		expect(bytesToName(raw)).toBe(name);
		expect(Uint8Array.from(nameToBytes(name))).toEqual(Uint8Array.from(raw));
	});

	test("of every lead byte, what may follow it is what UTF-8 allows", () => {
		const thirds = [0x7f, 0x80, 0xbf, 0xc0];
		const wrong: string[] = [];
		for (let lead = 0x80; lead <= 0xff; lead++)
			for (let second = 0x70; second <= 0xd0; second++)
				for (const third of thirds) {
					const raw = Buffer.from([lead, second, third, 0x80, 0x61, 0xff]);
					const name = bytesToName(raw);
					// As far as they are no escapes, they are what they would be by themselves.
					const length = [4, 3, 2].find((count) => isUtf8(raw.subarray(0, count)) && lead >= 0xc0) ?? 0;
					const isRight =
						Buffer.from(nameToBytes(name)).equals(raw) &&
						name.startsWith(raw.toString("utf8", 0, length)) &&
						/^[\udc80-\udcff]/.test(name) === (length === 0);
					if (!isRight) wrong.push(raw.toString("hex"));
				}
		expect(wrong).toEqual([]);
	});

	test("bug: megabytes that are no UTF-8 took minutes", async () => {
		const spent = await cpuTimeOf(() => nameToBytes(bytesToName(Buffer.alloc(1 << 22, 0xff))));
		expect(spent).toBeLessThan(FAR_TOO_MUCH_MS);
	});

	test.each([
		["a high surrogate", "a\ud800"],
		["a low one below the escapes", "\udc00"],
		["a low one above the escapes", "\udd00"],
		["escapes that are valid UTF-8 together", "\udcc3\udca9"],
	])("refuses %s", (_title, name) => {
		expect(() => nameToBytes(name)).toThrow(
			expect.objectContaining({ code: "ERR_COMPOSEFS_NAME", rule: "name-surrogate" }),
		);
	});

	test("any bytes come back", () => {
		fc.assert(
			fc.property(fc.uint8Array({ maxLength: 40 }), (raw) => {
				expect(Uint8Array.from(nameToBytes(bytesToName(raw)))).toEqual(raw);
			}),
		);
	});

	test("no two strings stand for the same bytes", () => {
		const unit = fc.constantFrom("a", "é", "\udcc3", "\udca9", "\udcff", "😀", "\ud83d", "\ude00");
		const text = fc.array(unit, { maxLength: 6 }).map((units) => units.join(""));
		fc.assert(
			fc.property(text, (name) => {
				let raw: Uint8Array;
				try {
					raw = nameToBytes(name);
				} catch {
					return;
				}
				expect(bytesToName(raw)).toBe(name);
			}),
		);
	});

	test("bug: each comparison of names beyond U+D7FF made their bytes anew", () => {
		const names = Array.from({ length: 1000 }, (_, n) => `\u{1f600}${(n * 7919) % 1000}`);
		const conversions = jest.spyOn(Buffer, "from");
		sortNames(names);
		const count = conversions.mock.calls.length;
		conversions.mockRestore();
		// Once each, where sorting compares each about ten times.
		expect(count).toBe(names.length);
	});

	test("the order is that of the bytes", () => {
		const raw = fc.array(fc.uint8Array({ maxLength: 6 }), { maxLength: 12 });
		fc.assert(
			fc.property(raw, (list) => {
				const sorted = sortNames(list.map(bytesToName)).map((name) => Buffer.from(nameToBytes(name)));
				expect(sorted).toEqual(list.map((item) => Buffer.from(item)).sort(Buffer.compare));
			}),
		);
	});

	test("beyond the surrogates code units and bytes differ in order", () => {
		expect("\uffee" < "😀").toBe(false);
		expect(compareNames("\uffee", "😀")).toBeLessThan(0);
	});
});
