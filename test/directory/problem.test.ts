import { describe, expect, test } from "@jest/globals";
import { decodeRecords } from "../../src/directory/decode.ts";
import { changed, isChange, problemOf } from "../../src/directory/problem.ts";
import { packRecords, plainRecord } from "../support/pack-records.ts";

const EACCES = 13;

function problem(number: number, errno = 0) {
	const [record] = decodeRecords(packRecords([plainRecord({ problem: (number << 16) | errno })]));
	return record && problemOf(record, "/folder/name");
}

describe("problems of records", () => {
	test("none", () => expect(problem(0)).toBeUndefined());

	test.each([
		[1, "lstat"],
		[2, "readlink"],
		[3, "open"],
		[4, "read"],
		[5, "listxattr"],
		[6, "getxattr"],
		[7, "readdir"],
	])("%d is a failed %s", (number, syscall) => {
		expect(problem(number, EACCES)).toMatchObject({
			code: "EACCES",
			syscall,
			path: "/folder/name",
			message: `EACCES: permission denied, ${syscall} '/folder/name'`,
		});
	});

	test("8 is a change", () => {
		const error = problem(8);
		expect(error).toMatchObject({ code: "ERR_COMPOSEFS_CHANGED", rule: "changed", path: "/folder/name" });
		expect(isChange(error)).toBe(true);
	});

	test("9 and 10 are limits", () => {
		expect(problem(9)).toMatchObject({ code: "ERR_COMPOSEFS_XATTR", rule: "xattr-total", limit: 32767 });
		expect(problem(10)).toMatchObject({ code: "ERR_COMPOSEFS_TREE", rule: "inodes" });
		expect(isChange(problem(10))).toBe(false);
	});
});

test("a change keeps its cause", () => {
	const cause = new Error("why");
	expect(changed("/a", "it went", cause)).toMatchObject({ message: "/a: it went", cause });
});
