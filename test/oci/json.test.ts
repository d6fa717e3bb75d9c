import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { type Json, parseJson } from "../../src/oci/json.ts";
import { cpuTimeOf, FAR_TOO_MUCH_MS } from "../support/cpu-time.ts";

const parse = (text: string) => parseJson(Buffer.from(text), "doc");

function plain(value: Json): unknown {
	if (value instanceof Map) return Object.fromEntries([...value].map(([key, inner]) => [key, plain(inner)]));
	return Array.isArray(value) ? value.map(plain) : value;
}

describe("JSON", () => {
	test("is what JSON.parse makes of it", () => {
		fc.assert(
			fc.property(fc.json({ maxDepth: 6 }), fc.boolean(), (text, spaced) => {
				const value = JSON.parse(text);
				expect(plain(parse(spaced ? JSON.stringify(value, undefined, "\t") : text))).toEqual(value);
			}),
		);
	});

	test("may have more values side by side than levels", () => {
		const text = `[${Array(1000).fill('{"a":[]}').join(",")}]`;
		expect(plain(parse(text))).toEqual(JSON.parse(text));
	});

	test("of any text: the same as JSON.parse, or an error", () => {
		const token = fc.constantFrom(
			...'{}[],:" \n\\\\n0-1.5e+9'.split(""),
			"null",
			"true",
			"1",
			'"a"',
			'{"b":2}',
			"\\u00e9",
		);
		fc.assert(
			fc.property(fc.array(token, { maxLength: 12 }), (tokens) => {
				const text = tokens.join("");
				let expected: unknown;
				try {
					expected = JSON.parse(text);
				} catch {
					expect(() => parse(text)).toThrow(expect.objectContaining({ rule: "json" }));
					return;
				}
				try {
					expect(plain(parse(text))).toEqual(expected);
				} catch (error) {
					if (!/comes twice/.test(String(error))) throw error;
				}
			}),
			{ numRuns: 2000 },
		);
	});

	test.each<[string, string, number]>([
		['{"a":1,"a":1}', "comes twice", 7],
		['{"a":1,"\\u0061":2}', "comes twice", 7],
		['[{"b":{"x":1,"y":2,"x":3}}]', "comes twice", 19],
		["{} {}", "follows the document", 3],
		["", "a value is missing", 0],
		["[1,]", "a value is missing", 3],
		["{,}", "a key is missing", 1],
		['{"a"}', "a colon is missing", 4],
		['"a', "does not end", 0],
		['"a\\"', "does not end", 0],
		['"\n"', "no string can have", 0],
		["01", "follows the document", 1],
		["NaN", "a value is missing", 0],
		["\ufeff{}", "a value is missing", 0],
		["[".repeat(65) + "]".repeat(65), "more than 64 levels", 64],
	])("%s is refused: %s", (text, problem, offset) => {
		expect(() => parse(text)).toThrow(
			expect.objectContaining({
				code: "ERR_COMPOSEFS_OCI",
				rule: "json",
				offset,
				message: expect.stringContaining(problem),
			}),
		);
	});

	test("that is no UTF-8 is refused", () => {
		expect(() => parseJson(Buffer.from('{"a":"\xe9"}', "latin1"), "doc")).toThrow("doc: is not UTF-8");
	});

	test("a key means nothing to JavaScript", () => {
		const value = parse('{"__proto__":{"polluted":1},"constructor":2}') as ReadonlyMap<string, Json>;
		expect([...value.keys()]).toEqual(["__proto__", "constructor"]);
		expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
	});

	test("of megabytes takes no stack and little time", async () => {
		const text = JSON.stringify({
			a: `${"\\".repeat(500_000)}"`,
			b: "x".repeat(3_000_000),
			c: Array(100_000).fill(0),
		});
		let size = 0;
		const spent = await cpuTimeOf(() => {
			({ size } = parse(text) as ReadonlyMap<string, Json>);
		});
		expect(size).toBe(3);
		expect(spent).toBeLessThan(FAR_TOO_MUCH_MS);
	});
});
