import { describe, expect, test } from "@jest/globals";
import { argumentError, ComposefsError, inFile } from "../src/errors.ts";

describe("ComposefsError", () => {
	test("is an Error with a code", () => {
		const error = new ComposefsError("ENOSPC", "no space");
		expect(error).toBeInstanceOf(Error);
		expect(error.name).toBe("ComposefsError");
		expect(error.message).toBe("no space");
		expect(error.code).toBe("ENOSPC");
		expect(error.stack).toContain("errors.test.ts");
	});

	test("has the details that it is given, and no others", () => {
		const details = { rule: "size", path: "/a", limit: 1, actual: 2 };
		const error = new ComposefsError("ERR_COMPOSEFS_INODE", "too big", details);
		expect({ ...error }).toEqual({ name: "ComposefsError", code: "ERR_COMPOSEFS_INODE", ...details });
		expect("line" in error).toBe(false);
		expect("errno" in error).toBe(false);
		expect("cause" in error).toBe(false);
	});

	test("keeps its cause where Error keeps it", () => {
		const cause = new Error("below");
		const error = new ComposefsError("EIO", "above", { cause });
		expect(error.cause).toBe(cause);
		expect(Object.keys(error)).not.toContain("cause");
	});
});

describe("inFile", () => {
	test("puts the file in front", () => {
		const error = new ComposefsError("ERR_COMPOSEFS_IMAGE", "offset 3: no", { rule: "magic", offset: 3 });
		const named = inFile(error, "a.cfs") as ComposefsError;
		expect(named.message).toBe("a.cfs: offset 3: no");
		expect({ ...named }).toEqual({ ...error, path: "a.cfs" });
		expect(named.cause).toBe(error);
	});

	test.each([
		["names a file already", new ComposefsError("ENOENT", "no such file", { path: "b.cfs" }), "a.cfs"],
		["is of a file without a name", new ComposefsError("EIO", "read"), undefined],
		["is the call's fault", argumentError("a filter gives no promises"), "a.cfs"],
		["is not of this package", new DOMException("This operation was aborted", "AbortError"), "a.cfs"],
	])("leaves an error that %s", (_, error, file) => {
		expect(inFile(error, file)).toBe(error);
	});
});
