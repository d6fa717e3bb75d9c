import { expect, test } from "@jest/globals";
import { AnnotationMap } from "../../src/descriptor.ts";
import { Fields } from "../../src/oci/fields.ts";
import { parseJson } from "../../src/oci/json.ts";

const fields = (text: string) => new Fields(parseJson(Buffer.from(text), "doc"), "doc");

test("fields of the right type are given", () => {
	const read = fields(
		'{"s":"x","e":"","i":3,"o":{"s":"y"},"a":[{"s":"z"}],"t":["u"],"m":{"k":"v"},"n":null}',
	);
	expect([
		read.string("s"),
		read.optionalString("e"),
		read.optionalString("n"),
		read.optionalString("none"),
	]).toEqual(["x", undefined, undefined, undefined]);
	expect([read.integer("i"), read.has("n"), read.has("none")]).toEqual([3, true, false]);
	expect(read.object("o", (inner) => inner.string("s"))).toBe("y");
	expect(read.optionalObject("n", (inner) => inner.string("s"))).toBeUndefined();
	expect(read.objects("a", (inner) => inner.string("s"))).toEqual(["z"]);
	expect([read.strings("t"), read.strings("n"), read.objects("n", String)]).toEqual([["u"], [], []]);
	expect([read.stringMap("m"), read.stringMap("none")]).toEqual([
		new AnnotationMap([["k", "v"]]),
		new AnnotationMap(),
	]);
});

test.each<[string, (read: Fields) => unknown, string]>([
	['{"a":1}', (read) => read.string("a"), "doc: a is no string"],
	["{}", (read) => read.string("a"), "doc: a is missing"],
	["{}", (read) => read.integer("a"), "doc: a is missing"],
	['{"a":1.5}', (read) => read.integer("a"), "doc: a is no size"],
	['{"a":-1}', (read) => read.integer("a"), "doc: a is no size"],
	['{"a":1e300}', (read) => read.integer("a"), "doc: a is no size"],
	['{"a":"1"}', (read) => read.integer("a"), "doc: a is no size"],
	['{"a":[]}', (read) => read.object("a", String), "doc: a is no object"],
	['{"a":{}}', (read) => read.objects("a", String), "doc: a is no array"],
	[
		'{"a":[{},{"b":[{"c":1}]}]}',
		(read) => read.objects("a", (one) => one.has("b") && one.objects("b", (two) => two.string("c"))),
		"doc: a[1].b[0].c is no string",
	],
	['{"a":["x",1]}', (read) => read.strings("a"), "doc: a[1] is no string"],
	['{"a":{"k":1}}', (read) => read.stringMap("a"), 'doc: a["k"] is no string'],
	['{"a":[]}', (read) => read.stringMap("a"), "doc: a is no object"],
])("%s is refused by name", (text, read, message) => {
	expect(() => read(fields(text))).toThrow(
		expect.objectContaining({ code: "ERR_COMPOSEFS_OCI", rule: "document", message }),
	);
});

test("what is no object has no fields", () => {
	for (const text of ["[]", "null", "1", '"a"']) expect(() => fields(text)).toThrow("doc is no object");
});

test("names of objects are not fields", () => {
	expect(fields("{}").has("constructor")).toBe(false);
	expect(() => fields("{}").string("__proto__")).toThrow("is missing");
});
