import { describe, expect, test } from "@jest/globals";
import { type EntryKind, kindOfEntry, marksAt, noMarks } from "../../src/oci/marks.ts";

describe("what names say", () => {
	test.each<[string, EntryKind]>([
		["a", { kind: "entry" }],
		["a.wh.b", { kind: "entry" }],
		[".whatever", { kind: "entry" }],
		["a/.wh.b", { kind: "mark", removed: "b" }],
		[".wh..b", { kind: "mark", removed: ".b" }],
		[".wh..wh", { kind: "mark", removed: ".wh" }],
		["a/.wh..wh..opq", { kind: "mark", removed: undefined }],
		[".wh..wh.plnk", { kind: "aufs" }],
		[".wh..wh.plnk/44.2", { kind: "aufs" }],
		[".wh..wh.aufs", { kind: "aufs" }],
		["a/.wh..wh.unknown", { kind: "aufs" }],
		[".wh..wh..opq.not", { kind: "aufs" }],
		[".wh..wh..opq/x", { kind: "aufs" }],
	])("%s", (path, kind) => {
		expect(kindOfEntry(path.split("/"), path)).toEqual(kind);
	});

	test.each([
		[".wh.", "whiteout-name"],
		["a/.wh..", "whiteout-name"],
		["a/.wh...", "whiteout-name"],
		[".wh.a/b", "whiteout-parent"],
	])("%s is refused", (path, rule) => {
		expect(() => kindOfEntry(path.split("/"), path)).toThrow(
			expect.objectContaining({ code: "ERR_COMPOSEFS_OCI", rule, path }),
		);
	});
});

test("marks are made where there are none, and counted", () => {
	const root = noMarks();
	let made = 0;
	const count = () => {
		made++;
	};
	const marks = marksAt(root, ["a", "b"], count);
	marks.opaque = true;
	expect(marksAt(root, ["a", "b"], count)).toBe(marks);
	expect(marksAt(root, [], count)).toBe(root);
	expect(made).toBe(2);
	expect(root.below.get("a")?.below.get("b")?.opaque).toBe(true);
});
