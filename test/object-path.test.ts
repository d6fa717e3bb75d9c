import { expect, test } from "@jest/globals";
import { digestOfPath, objectPath } from "../src/object-path.ts";

const digest = "0123456789abcdef".repeat(4);

test("an object's path is its digest, cut behind two digits", () => {
	expect(objectPath(digest)).toBe(`01/${digest.slice(2)}`);
	expect(digestOfPath(objectPath(digest))).toBe(digest);
});

test.each([
	"",
	digest,
	`0/${digest.slice(1)}`,
	`01/${digest}`,
	`/${objectPath(digest)}`,
	objectPath(digest).toUpperCase(),
])("%j names no object", (path) => {
	expect(digestOfPath(path)).toBeUndefined();
});
