import { expect, test } from "@jest/globals";
import { FIELDS, fieldAt, INDEX } from "../../src/dump/fields.ts";

test("each field has the number of its place, and xattrs follow", () => {
	expect(Object.keys(INDEX)).toEqual([...FIELDS, "XATTR"]);
	expect(Object.values(INDEX).map(fieldAt)).toEqual(Object.keys(INDEX));
});
